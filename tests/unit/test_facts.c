/*
 * test_facts.c - what is known of the services' replies, row by row, each
 * with the reply that a service really gives, and what it must come to
 * whoever rewrites the provider files.  g: Gmail, m: Microsoft, p: others.
 *
 * Every alternative of a text is a row of its own; the same reply is judged
 * in all the phases named, as it is, in capitals, and with its blanks doubled.
 */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/provider.h"

#define PROVIDERS "etc/providers"
#define MESSAGE   (WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END)
#define MINUTE    60
#define HOUR      (60 * MINUTE)
#define ROWS(a)   (int)(sizeof(a) / sizeof((a)[0]))

static const struct fact {
	const char  *id, *provider;
	unsigned     when;
	enum verdict verdict;
	const char  *said;      /* '|' between lines */
} facts[] = {
	{ "g01", "gmail", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535-5.7.8 Username and Password not accepted. For more information, go to|535 5.7.8  "
	    "https://support.google.com/mail/?p=BadCredentials x - gsmtp" },
	{ "g02", "gmail", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.1 Username and Password not accepted. x - gsmtp" },
	{ "g03", "gmail", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "534-5.7.9 Application-specific password required. Learn more at|534 5.7.9  "
	    "https://support.google.com/mail/?p=InvalidSecondFactor x - gsmtp" },
	{ "g04", "gmail", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "534-5.7.14 <https://accounts.google.com/signin/continue?sarp=1&scc=1&plt=x|534-5.7.14 y> Please "
	    "log|534-5.7.14 in via your web browser and then try again.|534 5.7.14  "
	    "https://support.google.com/mail/answer/78754 x - gsmtp" },
	{ "g04", "gmail", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "534 5.7.14 Please log in through your web browser and then try again. x - gsmtp" },
	{ "g05", "gmail", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "534 5.7.9 Please log in with your web browser and then try again. x - gsmtp" },
	{ "g05", "gmail", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.1 Please log in with your web browser and then try again. x - gsmtp" },
	{ "g06", "gmail", WHEN_AUTH, VERDICT_PAUSE,
	    "454-4.7.0 Too many login attempts, please try again later. For more|454-4.7.0 information, go "
	    "to|454 4.7.0  https://support.google.com/mail/answer/7126229 x - gsmtp" },
	{ "g07", "gmail", WHEN_AUTH, VERDICT_PAUSE,
	    "454 4.7.0 Cannot authenticate due to a temporary system problem. Try again later. x - gsmtp" },
	{ "g08", "gmail", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535-5.7.8 Username and Password not accepted. For more information, go to|535 5.7.8  "
	    "https://support.google.com/mail/?p=BadCredentials x - gsmtp" },
	{ "g09", "gmail", WHEN_AUTH, VERDICT_CONFIG,
	    "504 5.7.4 Unrecognized Authentication Type. x - gsmtp" },
	{ "g09", "gmail", WHEN_AUTH, VERDICT_CONFIG,
	    "504 5.7.4 XOAUTH is no longer supported. x - gsmtp" },
	{ "g10", "gmail", WHEN_AUTH, VERDICT_CONFIG,
	    "501 5.5.2 Cannot Decode response x - gsmtp" },
	{ "g11", "gmail", WHEN_AUTH, VERDICT_CONFIG,
	    "535 5.5.4 Optional Argument not permitted for that AUTH mode. x - gsmtp" },
	{ "g12", "gmail", WHEN_AUTH, VERDICT_RECONNECT,
	    "503 5.7.0 No identity changes permitted. x - gsmtp" },
	{ "g13", "gmail", WHEN_MAIL, VERDICT_RECONNECT,
	    "530-5.7.0 Authentication Required. For more information, go to|530 5.7.0  "
	    "https://support.google.com/mail/?p=WantAuthError x - gsmtp" },
	{ "g14", "gmail", WHEN_MAIL, VERDICT_RECONNECT,
	    "530 5.5.1 Authentication Required. x - gsmtp" },
	{ "g15", "gmail", WHEN_AUTH | WHEN_MAIL, VERDICT_CONFIG,
	    "530 5.7.0 Must issue a STARTTLS command first. x - gsmtp" },
	{ "g16", "gmail", MESSAGE | WHEN_OTHER, VERDICT_RECONNECT,
	    "554 5.7.0 Too Many Unauthenticated commands. x - gsmtp" },
	{ "g17", "gmail", WHEN_EHLO, VERDICT_PAUSE,
	    "421-4.7.0 Try again later, closing connection. (EHLO)|421-4.7.0 For more information, go to|421 "
	    "4.7.0  https://support.google.com/a/answer/3221692 x - gsmtp" },
	{ "g18", "gmail", WHEN_EHLO, VERDICT_CONFIG,
	    "501-5.5.4 HELO/EHLO argument \"x_y\" invalid, closing connection.|501 5.5.4  "
	    "https://support.google.com/mail/?p=helo x - gsmtp" },
	{ "g18", "gmail", WHEN_EHLO, VERDICT_CONFIG,
	    "501 5.5.4 Empty HELO/EHLO argument not allowed, closing connection. x - gsmtp" },
	{ "g19", "gmail", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421 4.7.0 Temporary System Problem.  Try again later (10). x - gsmtp" },
	{ "g19", "gmail", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421 4.7.0 Temporary System Problem.  Try again later (WS). x - gsmtp" },
	{ "g20", "gmail", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421-4.3.0 Temporary System Problem.  Try again later|421 4.3.0 x - gsmtp" },
	{ "g21", "gmail", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421 4.4.5 Server busy, try again later. x - gsmtp" },
	{ "g22", "gmail", WHEN_EHLO | WHEN_AUTH | WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_OTHER, VERDICT_RECONNECT,
	    "421 4.7.0 Connection expired, try reconnecting x - gsmtp" },
	{ "g23", "gmail", WHEN_EHLO | WHEN_AUTH | WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_OTHER, VERDICT_RECONNECT,
	    "451 4.4.2 Timeout - closing connection. 11sm1314198wmd.23 - gsmtp" },
	{ "g24", "gmail", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421-4.7.0 Our system has detected an unusual rate of unsolicited mail originating|421 4.7.0 "
	    "from your IP address. x - gsmtp" },
	{ "g25", "gmail", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421-4.7.28 Gmail has detected an unusual rate of mail originating from|421 4.7.28 your IP "
	    "address x - gsmtp" },
	{ "g25", "gmail", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421 4.7.28 Your mail has been temporarily rate limited. x - gsmtp" },
	{ "g26", "gmail", WHEN_END, VERDICT_DEFER,
	    "421 4.7.28 Gmail has detected many messages with the same Message-ID. x - gsmtp" },
	{ "g27", "gmail", WHEN_RCPT, VERDICT_DEFER,
	    "421 4.7.0 IP not in whitelist for RCPT domain, closing connection. x - gsmtp" },
	{ "g28", "gmail", WHEN_RCPT, VERDICT_CONFIG,
	    "421 4.7.0 TLS required for RCPT domain, closing connection. x - gsmtp" },
	{ "g29", "gmail", WHEN_RCPT | WHEN_DATA | WHEN_END, VERDICT_DEFER,
	    "450-4.2.1 The user you are trying to contact is receiving mail too quickly. Please|450 4.2.1 "
	    "resend your message at a later time. x - gsmtp" },
	{ "g29", "gmail", WHEN_RCPT | WHEN_DATA | WHEN_END, VERDICT_DEFER,
	    "450 4.2.1 This user is receiving email too quickly. x - gsmtp" },
	{ "g29", "gmail", WHEN_RCPT | WHEN_DATA | WHEN_END, VERDICT_DEFER,
	    "450-4.2.1 The user you are trying to contact is receiving mail at a rate that|450 4.2.1 "
	    "prevents additional messages from being delivered. x - gsmtp" },
	{ "g30", "gmail", WHEN_RCPT | WHEN_DATA | WHEN_END, VERDICT_REJECT,
	    "550-5.2.1 The user you are trying to contact is receiving mail at a rate that|550 5.2.1 "
	    "prevents additional messages from being delivered. x - gsmtp" },
	{ "g31", "gmail-relay", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "450 4.2.1 Peak SMTP relay limit exceeded for customer. x - gsmtp" },
	{ "g32", "gmail", MESSAGE, VERDICT_PAUSE,
	    "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail|550-5.4.5 sending "
	    "limits go to|550 5.4.5  https://support.google.com/a/answer/166852 x - gsmtp" },
	{ "g32", "gmail", MESSAGE, VERDICT_PAUSE,
	    "550 5.4.5 Daily user sending quota exceeded. x - gsmtp" },
	{ "g32", "gmail", MESSAGE, VERDICT_PAUSE,
	    "550 5.4.5 Daily sending quota exceeded. x - gsmtp" },
	{ "g33", "gmail-relay", MESSAGE, VERDICT_PAUSE,
	    "550 5.4.5 Daily SMTP relay limit exceeded for user. x - gsmtp" },
	{ "g34", "gmail-relay", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.1 Daily SMTP relay limit exceeded for customer. x - gsmtp" },
	{ "g34", "gmail-relay", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.1 Daily SMTP relay sending limit exceeded for this customer. x - gsmtp" },
	{ "g35", "gmail-relay", WHEN_MAIL | WHEN_RCPT | WHEN_DATA, VERDICT_CONFIG,
	    "550-5.7.0 Mail relay denied [203.0.113.7]. Invalid credentials for relay for|550 5.7.0 one of "
	    "the domains in: example.com (as obtained from HELO and MAIL FROM). x - gsmtp" },
	{ "g36", "gmail-relay", MESSAGE, VERDICT_CONFIG,
	    "550 5.7.1 Invalid credentials for relay [203.0.113.7]. x - gsmtp" },
	{ "g37", "gmail", MESSAGE, VERDICT_CREDENTIAL,
	    "550 5.7.0 Mail Sending denied. x - gsmtp" },
	{ "g38", "gmail", WHEN_RCPT, VERDICT_SPLIT,
	    "452-4.5.3 Your message has too many recipients. For more information regarding|452 4.5.3 "
	    "Google's sending limits x - gsmtp" },
	{ "g39", "gmail", WHEN_RCPT | WHEN_DATA, VERDICT_SPLIT,
	    "550 5.5.3 Too many recipients for this sender. x - gsmtp" },
	{ "g40", "gmail", WHEN_RCPT, VERDICT_SPLIT,
	    "452 4.5.3 Domain policy size per transaction exceeded, please try this recipient in a separate "
	    "transaction. x - gsmtp" },
	{ "g41", "gmail", WHEN_RCPT, VERDICT_SPLIT,
	    "451 4.3.0 Multiple destination domains per transaction is unsupported. Please try again. x - "
	    "gsmtp" },
	{ "g42", "gmail", MESSAGE, VERDICT_DEFER,
	    "451 4.3.0 Mail server temporarily rejected message. x - gsmtp" },
	{ "g43", "gmail", WHEN_RCPT | WHEN_DATA | WHEN_END, VERDICT_DEFER,
	    "452 4.2.2 The recipient's inbox is out of storage space. x - gsmtp" },
	{ "g43", "gmail", WHEN_RCPT | WHEN_DATA | WHEN_END, VERDICT_DEFER,
	    "452 4.2.2 The email account that you tried to reach is over quota. x - gsmtp" },
	{ "g44", "gmail", WHEN_RCPT | WHEN_DATA | WHEN_END, VERDICT_REJECT,
	    "552 5.2.2 The recipient's inbox is out of storage space and inactive. x - gsmtp" },
	{ "g44", "gmail", WHEN_RCPT | WHEN_DATA | WHEN_END, VERDICT_REJECT,
	    "552 5.2.2 The email account that you tried to reach is over quota. x - gsmtp" },
	{ "g45", "gmail", WHEN_RCPT, VERDICT_REJECT,
	    "550-5.1.1 The email account that you tried to reach does not exist. Please try|550 5.1.1 "
	    "double-checking the recipient's email address x - gsmtp" },
	{ "g46", "gmail", WHEN_RCPT, VERDICT_REJECT,
	    "550 5.2.1 The email account that you tried to reach is disabled. x - gsmtp" },
	{ "g46", "gmail", WHEN_RCPT, VERDICT_REJECT,
	    "550 5.2.1 The email account that you tried to reach is inactive. x - gsmtp" },
	{ "g47", "gmail", WHEN_RCPT, VERDICT_REJECT,
	    "553-5.1.2 We weren't able to find the recipient domain. Please check for any|553 5.1.2 spelling "
	    "errors x - gsmtp" },
	{ "g48", "gmail", WHEN_RCPT, VERDICT_REJECT,
	    "553 5.1.3 The recipient address <a@b..c> is not a valid RFC-5321 address. x - gsmtp" },
	{ "g49", "gmail", WHEN_MAIL, VERDICT_REJECT,
	    "553 5.1.7 The sender address <a@b..c> is not a valid RFC-5321 address. x - gsmtp" },
	{ "g50", "gmail", WHEN_MAIL | WHEN_RCPT, VERDICT_REJECT,
	    "555 5.5.2 Syntax error. x - gsmtp" },
	{ "g50", "gmail", WHEN_MAIL | WHEN_RCPT, VERDICT_REJECT,
	    "555 5.5.2 Syntax error, goodbye. x - gsmtp" },
	{ "g50", "gmail", WHEN_EHLO | WHEN_DATA | WHEN_OTHER, VERDICT_RECONNECT,
	    "555 5.5.2 Syntax error, cannot decode response. x - gsmtp" },
	{ "g51", "gmail", WHEN_MAIL | WHEN_RCPT, VERDICT_REJECT,
	    "501 5.5.2 Syntax Error. x - gsmtp" },
	{ "g51", "gmail", WHEN_MAIL | WHEN_RCPT, VERDICT_REJECT,
	    "501 5.7.11 Syntax error (no parameters allowed). x - gsmtp" },
	{ "g52", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END | WHEN_OTHER, VERDICT_RECONNECT,
	    "502-5.5.1 Unrecognized command. For more information, go to|502 5.5.1  "
	    "https://support.google.com x - gsmtp" },
	{ "g52", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END | WHEN_OTHER, VERDICT_RECONNECT,
	    "502 5.5.1 Unimplemented command. x - gsmtp" },
	{ "g52", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END | WHEN_OTHER, VERDICT_RECONNECT,
	    "502 5.5.1 Too many unrecognized commands, goodbye. x - gsmtp" },
	{ "g53", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END | WHEN_OTHER, VERDICT_RECONNECT,
	    "503 5.5.1 Bad sequence of commands. x - gsmtp" },
	{ "g53", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END | WHEN_OTHER, VERDICT_RECONNECT,
	    "503 5.5.1 EHLO/HELO first. x - gsmtp" },
	{ "g53", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END | WHEN_OTHER, VERDICT_RECONNECT,
	    "503 5.5.1 MAIL first. x - gsmtp" },
	{ "g53", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END | WHEN_OTHER, VERDICT_RECONNECT,
	    "503 5.5.1 RCPT first. x - gsmtp" },
	{ "g53", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_END | WHEN_OTHER, VERDICT_RECONNECT,
	    "503 5.5.1 No DATA after BDAT. x - gsmtp" },
	{ "g54", "gmail", WHEN_STARTTLS, VERDICT_RECONNECT,
	    "454 5.5.1 STARTTLS may not be repeated. x - gsmtp" },
	{ "g55", "gmail", WHEN_STARTTLS, VERDICT_RECONNECT,
	    "454 4.5.0 SMTP protocol violation, no commands allowed to pipeline after STARTTLS x - gsmtp" },
	{ "g55", "gmail", WHEN_STARTTLS, VERDICT_RECONNECT,
	    "451 4.5.0 SMTP protocol violation, see RFC 2821. x - gsmtp" },
	{ "g55", "gmail", WHEN_STARTTLS, VERDICT_RECONNECT,
	    "523 5.7.10 SMTP protocol violation, no commands allowed to pipeline after STARTTLS x - gsmtp" },
	{ "g55", "gmail", WHEN_STARTTLS, VERDICT_RECONNECT,
	    "525 5.7.10 SMTP protocol violation x - gsmtp" },
	{ "g56", "gmail", WHEN_END, VERDICT_REJECT,
	    "552-5.2.3 Your message exceeded Google's message size limits. To view our|552 5.2.3 message "
	    "size guidelines x - gsmtp" },
	{ "g56", "gmail", WHEN_END, VERDICT_REJECT,
	    "552 5.3.4 Your message exceeded Google's message size limits. x - gsmtp" },
	{ "g57", "gmail", WHEN_END, VERDICT_REJECT,
	    "552 5.3.4 The number of attachments (500) exceeds Google's limit. x - gsmtp" },
	{ "g57", "gmail", WHEN_END, VERDICT_REJECT,
	    "552 5.3.4 The size of the header value exceeds Google's limit. x - gsmtp" },
	{ "g58", "gmail", WHEN_END, VERDICT_REJECT,
	    "552-5.7.0 This message was blocked because its content presents a potential|552 5.7.0 security "
	    "issue. x - gsmtp" },
	{ "g58", "gmail", WHEN_END, VERDICT_REJECT,
	    "552 5.7.0 Our system detected an illegal attachment on your message. x - gsmtp" },
	{ "g59", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 This message is not RFC 5322 compliant, the issue is: x. x - gsmtp" },
	{ "g59", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 Messages with duplicate headers are not accepted. x - gsmtp" },
	{ "g59", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 Messages missing a valid Message-ID header are not accepted. x - gsmtp" },
	{ "g59", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 Messages with multiple addresses in From: header are not accepted. x - gsmtp" },
	{ "g59", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 Messages missing a valid address in From: header are not accepted. x - gsmtp" },
	{ "g60", "gmail", WHEN_END, VERDICT_REJECT,
	    "554 5.6.0 Mail message is malformed. Not accepted. x - gsmtp" },
	{ "g61", "gmail", WHEN_END, VERDICT_REJECT,
	    "554 5.4.6 Message exceeded 50 hops, this may indicate a mail loop. x - gsmtp" },
	{ "g62", "gmail", WHEN_END, VERDICT_REJECT,
	    "550-5.7.1 [203.0.113.7] Our system has detected that this message is|550 5.7.1 likely "
	    "unsolicited mail. x - gsmtp" },
	{ "g62", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 This message was sent from a domain of very low reputation. x - gsmtp" },
	{ "g62", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 To protect our users this message has been blocked. x - gsmtp" },
	{ "g63", "gmail", WHEN_END, VERDICT_DEFER,
	    "421 4.7.0 This message is suspicious due to the nature of the content. x - gsmtp" },
	{ "g63", "gmail", WHEN_END, VERDICT_DEFER,
	    "421 4.7.0 This message is suspicious due to the very low reputation of the sending domain. x - "
	    "gsmtp" },
	{ "g64", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 example.com has a policy that prohibited the mail that you sent. x - gsmtp" },
	{ "g64", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 This message violates example.com email policy. - gcdp x - gsmtp" },
	{ "g65", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.26 Unauthenticated email from x.org is not accepted due to domain's DMARC policy. x - "
	    "gsmtp" },
	{ "g65", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.26 This message fails to pass authentication checks (SPF and DKIM both do not pass). x "
	    "- gsmtp" },
	{ "g65", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.26 The MAIL FROM domain has an SPF record with a hard fail policy (-all). x - gsmtp" },
	{ "g65", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM. x - gsmtp" },
	{ "g65", "gmail", WHEN_END, VERDICT_REJECT,
	    "550 5.7.1 Unauthenticated email is not accepted due to domain's DMARC policy. x - gsmtp" },
	{ "g66", "gmail", WHEN_END, VERDICT_DEFER,
	    "451 4.7.26 Unauthenticated email from x.org is not accepted due to DMARC. x - gsmtp" },
	{ "g66", "gmail", WHEN_END, VERDICT_DEFER,
	    "421 4.7.26 SPF did not pass. x - gsmtp" },
	{ "g66", "gmail", WHEN_END, VERDICT_DEFER,
	    "421 4.7.27 SPF did not pass. x - gsmtp" },
	{ "g66", "gmail", WHEN_END, VERDICT_DEFER,
	    "421 4.7.30 DKIM did not pass. x - gsmtp" },
	{ "g66", "gmail", WHEN_END, VERDICT_DEFER,
	    "421 4.7.32 The From header is not aligned. x - gsmtp" },
	{ "g66", "gmail", WHEN_END, VERDICT_DEFER,
	    "451 4.7.24 The SPF record of the sender has suspicious entries. x - gsmtp" },
	{ "g67", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_END, VERDICT_REJECT,
	    "550 5.7.24 The SPF record of the sending domain has suspicious entries. x - gsmtp" },
	{ "g67", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_END, VERDICT_REJECT,
	    "550 5.7.25 The IP address sending this message does not have a PTR record. x - gsmtp" },
	{ "g67", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_END, VERDICT_REJECT,
	    "550 5.7.27 SPF did not pass. x - gsmtp" },
	{ "g67", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_END, VERDICT_REJECT,
	    "550 5.7.29 This mail has been blocked since it was not sent over a TLS connection. x - gsmtp" },
	{ "g67", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_END, VERDICT_REJECT,
	    "550 5.7.30 DKIM did not pass. x - gsmtp" },
	{ "g67", "gmail", WHEN_MAIL | WHEN_RCPT | WHEN_END, VERDICT_PAUSE,
	    "550 5.7.28 Gmail has detected an unusual rate of unsolicited mail. x - gsmtp" },
	{ "g68", "gmail", WHEN_END, VERDICT_CONFIG,
	    "550-5.7.1 [203.0.113.7] The IP you're using to send mail is not authorized to|550 5.7.1 send "
	    "email directly to our servers. x - gsmtp" },
	{ "m01", "m365", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. "
	    "Visit https://aka.ms/smtp_auth_disabled [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m01", "m365", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m02", "m365", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m03", "m365", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m04", "m365", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be "
	    "authenticated successfully. [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z "
	    "08DE2A6028D26C22]" },
	{ "m04", "m365", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security "
	    "defaults policy. [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z "
	    "08DE2A6028D26C22]" },
	{ "m05", "m365", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.3 Authentication unsuccessful [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m06", "m365", WHEN_AUTH | WHEN_MAIL, VERDICT_CREDENTIAL,
	    "550 5.7.30 Basic authentication is not supported for Client Submission. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m06", "m365", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.30 Basic authentication is not supported for Client Submission. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m07", "m365", WHEN_MAIL, VERDICT_RECONNECT,
	    "530 5.7.57 Client not authenticated to send mail. [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m07", "m365", WHEN_MAIL, VERDICT_RECONNECT,
	    "530 5.7.1 Client was not authenticated. [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m08", "m365", WHEN_AUTH, VERDICT_PAUSE,
	    "454 4.7.0 Temporary authentication failure. [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m09", "m365", WHEN_AUTH | WHEN_MAIL | WHEN_DATA, VERDICT_PAUSE,
	    "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m09", "m365", WHEN_AUTH | WHEN_MAIL | WHEN_DATA, VERDICT_PAUSE,
	    "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m10", "m365", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421 4.4.2 Message submission rate for this client has exceeded the configured limit "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m11", "m365", WHEN_END, VERDICT_PAUSE,
	    "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process "
	    "message [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m12", "m365", WHEN_END, VERDICT_PAUSE,
	    "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; WASCL UserAction verdict is "
	    "RefuseQuota. [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m12", "m365", WHEN_END, VERDICT_CREDENTIAL,
	    "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; WASCL UserAction verdict is "
	    "Suspend. [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m12", "m365", WHEN_END, VERDICT_CREDENTIAL,
	    "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; WASCL UserAction verdict is "
	    "HipSend. [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m12", "m365", WHEN_END, VERDICT_CREDENTIAL,
	    "554 5.2.0 STOREDRV.Submission.Exception:OutboundSpamException; WASCL UserAction verdict is "
	    "HipNotify. [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m13", "m365", WHEN_END, VERDICT_PAUSE,
	    "554 5.2.2 mailbox full; "
	    "STOREDRV.Submission.Exception:QuotaExceededException.MapiExceptionShutoffQuotaExceeded "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m14", "m365", WHEN_END, VERDICT_REJECT,
	    "554 5.2.0 STOREDRV.Deliver.Exception:ConversionFailedException; Failed to process message "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m15", "m365", WHEN_END, VERDICT_CONFIG,
	    "554 5.2.252 SendAsDenied; srv@example.com not allowed to send as root@web1.example.com; "
	    "STOREDRV.Submission.Exception:SendAsDeniedException [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m16", "m365", WHEN_MAIL, VERDICT_CONFIG,
	    "550 5.7.60 SMTP; Client does not have permissions to send as this sender "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m17", "m365", MESSAGE | WHEN_OTHER, VERDICT_CONFIG,
	    "421 4.7.66 TLS 1.0 and 1.1 are not supported. Please upgrade/update your client to support TLS "
	    "1.2. [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m18", "m365", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421 4.3.2 Service not active [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z "
	    "08DE2A6028D26C22]" },
	{ "m18", "m365", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421 4.3.1 Insufficient system resources (TSTE) [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m19", "m365", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "451 4.7.500 Server busy. Please try again later from [203.0.113.7]. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m19", "m365", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "451 4.7.699 Server busy. Please try again later from [203.0.113.7]. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m19", "m365", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "451 4.7.850 Server busy. Please try again later from [203.0.113.7]. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m19", "m365", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "451 4.7.899 Server busy. Please try again later from [203.0.113.7]. "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m19", "m365", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "451 4.7.650 Access denied, please try again later [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m20", "m365", WHEN_END, VERDICT_CREDENTIAL,
	    "550 5.1.8 Access denied, bad outbound sender. [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m21", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.501 Access denied, spam abuse detected [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m21", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.502 Access denied, banned sender [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m21", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.503 Access denied, banned sender [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m21", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.705 Access denied, tenant has exceeded threshold "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m21", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.708 Access denied, traffic not accepted from this IP "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m21", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.750 Service unavailable. Client blocked from sending from unregistered domain "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m22", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.1.90 Your message can't be sent because you've reached your daily limit for message "
	    "recipients [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m22", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.232 Your trial tenant has exceeded its daily limit "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m22", "m365", MESSAGE, VERDICT_PAUSE,
	    "550 5.7.233 Your tenant exceeded its daily limit [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m23", "m365", WHEN_END, VERDICT_REJECT,
	    "550 5.6.11 Invalid characters in message; bare linefeeds "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m24", "m365", WHEN_END, VERDICT_REJECT,
	    "552 5.3.4 Message size exceeds fixed maximum message size "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m24", "m365", WHEN_END, VERDICT_REJECT,
	    "552 5.2.3 Message too large [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z "
	    "08DE2A6028D26C22]" },
	{ "m25", "m365", WHEN_RCPT, VERDICT_REJECT,
	    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m25", "m365", WHEN_RCPT, VERDICT_REJECT,
	    "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m25", "m365", WHEN_RCPT, VERDICT_REJECT,
	    "550 5.4.1 Recipient address rejected: Access denied. [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m26", "m365", WHEN_RCPT, VERDICT_REJECT,
	    "501 5.1.3 Invalid address [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z "
	    "08DE2A6028D26C22]" },
	{ "m26", "m365", WHEN_RCPT, VERDICT_REJECT,
	    "553 5.1.3 Invalid address [AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z "
	    "08DE2A6028D26C22]" },
	{ "m27", "m365", WHEN_END, VERDICT_REJECT,
	    "554 5.4.14 Hop count exceeded - possible mail loop ATTR34 "
	    "[AM0PR04CA0001.eurprd04.prod.outlook.com 2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "m27", "m365", WHEN_END, VERDICT_REJECT,
	    "554 5.4.6 Routing loop detected [AM0PR04CA0001.eurprd04.prod.outlook.com "
	    "2026-11-21T10:00:00.000Z 08DE2A6028D26C22]" },
	{ "p01", "ses-eu-west-1", WHEN_END, VERDICT_PAUSE,
	    "454 Throttling failure: Maximum sending rate exceeded." },
	{ "p02", "ses-eu-west-1", WHEN_END, VERDICT_PAUSE,
	    "454 Throttling failure: Daily message quota exceeded." },
	{ "p03", "ses-eu-west-1", WHEN_AUTH, VERDICT_PAUSE,
	    "454 Temporary authentication failure" },
	{ "p04", "ses-eu-west-1", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 Authentication Credentials Invalid" },
	{ "p05", "ses-eu-west-1", WHEN_END, VERDICT_REJECT,
	    "554 Message rejected: Email address is not verified. The following identities failed the check "
	    "in region EU-WEST-1: bob@example.net" },
	{ "p05", "ses-eu-west-1", WHEN_END, VERDICT_CONFIG,
	    "554 Message rejected: Email address is not verified. The following identities failed the check "
	    "in region EU-WEST-1: root@web1.example.com" },
	{ "p06", "ses-eu-west-1", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "421 Too many concurrent SMTP connections" },
	{ "p06", "ses-eu-west-1", MESSAGE | WHEN_OTHER, VERDICT_PAUSE,
	    "451 Temporary service failure" },
	{ "p06", "ses-eu-west-1", WHEN_MAIL | WHEN_RCPT | WHEN_DATA | WHEN_OTHER, VERDICT_RECONNECT,
	    "451 Timeout waiting for data from client" },
	{ "p07", "sendgrid", WHEN_AUTH, VERDICT_PAUSE,
	    "451 Authentication failed: Maximum credits exceeded" },
	{ "p08", "sendgrid", WHEN_MAIL | WHEN_END, VERDICT_CONFIG,
	    "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this "
	    "error is resolved." },
	{ "p09", "sendgrid", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 Authentication failed: Bad username / password" },
	{ "p09", "sendgrid", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 Authentication failed: The provided authorization grant is invalid, expired, or revoked" },
	{ "p10", "yahoo", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.0 (#AUTH005) Too many bad auth attempts." },
	{ "p10", "aol", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.0 (#AUTH005) Too many bad auth attempts." },
	{ "p10", "att", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.0 (#AUTH005) Too many bad auth attempts." },
	{ "p11", "yahoo", WHEN_MAIL | WHEN_DATA, VERDICT_CONFIG,
	    "550 Request failed; Mailbox unavailable" },
	{ "p11", "yahoo", WHEN_MAIL | WHEN_DATA, VERDICT_CONFIG,
	    "554 Request failed; Mailbox unavailable" },
	{ "p12", "zoho", WHEN_MAIL | WHEN_DATA, VERDICT_CONFIG,
	    "553 Relaying disallowed as root@web1.example.com" },
	{ "p13", "zoho", WHEN_END, VERDICT_CREDENTIAL,
	    "554 5.1.8 Email Outgoing Blocked" },
	{ "p13", "zoho", WHEN_END, VERDICT_CREDENTIAL,
	    "550 5.4.6 Unusual sending activity detected. Please try after sometime." },
	{ "p14", "generic", WHEN_MAIL | WHEN_RCPT, VERDICT_CONFIG,
	    "553 5.7.1 <root@web1.example.com>: Sender address rejected: not owned by user alice" },
	{ "p15", "generic", WHEN_RCPT, VERDICT_RECONNECT,
	    "554 5.7.1 <bob@example.net>: Relay access denied" },
	{ "p16", "generic", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6" },
	{ "p16", "generic", WHEN_AUTH, VERDICT_PAUSE,
	    "454 4.7.0 Temporary authentication failure: Connection lost to authentication server" },
	{ "p17", "generic", WHEN_END, VERDICT_REJECT,
	    "550 5.5.2 Error: bare <LF> received" },
	{ "p17", "generic", WHEN_END, VERDICT_REJECT,
	    "521 5.5.2 Error: bare <LF> received" },
	{ "p18", "generic", WHEN_AUTH, VERDICT_CREDENTIAL,
	    "535 Incorrect authentication data" },
	{ "p18", "generic", WHEN_AUTH, VERDICT_PAUSE,
	    "435 Unable to authenticate at present" },
	{ "p19", "postmark", WHEN_END, VERDICT_REJECT,
	    "550 You tried to send to recipient(s) that have been marked as inactive" },
	{ "p19", "postmark", WHEN_END, VERDICT_CONFIG,
	    "550 The From address you supplied is not a Sender Signature on your account" },
};

/* How many facts there are of each kind: none may be forgotten. */
static const struct {
	char     kind;
	unsigned n;
} kinds[] = { { 'g', 68 }, { 'm', 27 }, { 'p', 19 } };

START_TEST(every_one_is_here)
{
	char id[8];
	bool here;

	for (unsigned i = 1; i <= kinds[_i].n; i++) {
		snprintf(id, sizeof(id), "%c%02u", kinds[_i].kind, i);
		here = false;
		for (int k = 0; k < ROWS(facts); k++)
			here |= strcmp(facts[k].id, id) == 0;
		ck_assert_msg(here, "no row %s", id);
	}
}
END_TEST

enum way { AS_IT_IS, CAPITALS, WIDE, WAYS };

/* The code and the sign behind it stay where they are. */
static void
change(struct buf *b, struct span line, enum way way)
{
	for (size_t i = 0; i < line.n; i++) {
		buf_char(b, way == CAPITALS ? (char)toupper((unsigned char)line.p[i]) : line.p[i]);
		if (way == WIDE && i > 3 && line.p[i] == ' ')
			buf_str(b, " \t");
	}
}

static void
say(struct reply *r, const char *said, enum way way)
{
	struct span rest = span_of(said), line;
	const char *why = "";
	struct buf  b;

	buf_init(&b, 2048);
	while (span_cut(&rest, '|', &line)) {
		buf_clear(&b);
		change(&b, line, way);
		ck_assert_msg(reply_line(r, buf_view(&b), &why) == (rest.n > 0 ? REPLY_MORE : REPLY_DONE),
		    "%s: %s", said, why);
	}
	buf_done(&b);
}

/* The message that is refused goes to one. */
static bool
names_bob(const void *arg, struct span text)
{
	return span_icontains(text, span_of(arg));
}

static void
judge(const struct fact *f, const struct provider *p, const struct reply *r)
{
	for (unsigned when = 1; when <= WHEN_OTHER; when <<= 1) {
		struct judged at = { .when = (enum when)when, .some_accepted = true, .with = WITH_PASSWORD,
		    .names = names_bob, .arg = "bob@example.net" };
		struct status st;

		if ((f->when & when) == 0)
			continue;
		rules_judge(&p->rules, &at, r, &st);
		ck_assert_msg(st.verdict == f->verdict, "%s, phase %#x: %s and not %s: %s", f->id, when,
		    verdict_name(st.verdict), verdict_name(f->verdict), buf_cstr(&r->text));
		ck_assert_msg(st.hint != NULL, "%s, phase %#x: no rule of its own", f->id, when);
		ck_assert_msg(st.verdict != VERDICT_PAUSE || st.pause_s > 0, "%s: for how long?", f->id);
	}
}

START_TEST(fact)
{
	const struct fact *f = &facts[_i];
	struct provider p;
	struct reply r;
	struct buf why;

	buf_init(&why, 65536);
	ck_assert_msg(provider_read(PROVIDERS, f->provider, &p, &why) == 0, "%s", buf_cstr(&why));
	reply_init(&r);
	for (int way = AS_IT_IS; way < WAYS; way++) {
		say(&r, f->said, (enum way)way);
		judge(f, &p, &r);
		reply_clear(&r);
	}
	reply_done(&r);
	provider_done(&p);
	buf_done(&why);
}
END_TEST

/* For how long, and what it is when it comes again or cannot be had: where the facts say so. */
static const struct {
	const char  *id;
	int          pause_s, pause_max_s;      /* 0: the same again */
	enum verdict then;
} more[] = {
	{ "g04", 4 * HOUR, 0, VERDICT_NONE },
	{ "g06", 15 * MINUTE, 4 * HOUR, VERDICT_NONE },
	{ "g13", 0, 0, VERDICT_CREDENTIAL },
	{ "g14", 0, 0, VERDICT_CREDENTIAL },
	{ "g16", 0, 0, VERDICT_CONFIG },
	{ "g24", 2 * HOUR, 6 * HOUR, VERDICT_NONE },
	{ "g25", 30 * MINUTE, 4 * HOUR, VERDICT_NONE },
	{ "g31", 15 * MINUTE, 0, VERDICT_NONE },
	{ "g32", 1 * HOUR, 0, VERDICT_NONE },
	{ "g33", 1 * HOUR, 0, VERDICT_NONE },
	{ "g34", 1 * HOUR, 0, VERDICT_NONE },
	{ "g38", 0, 0, VERDICT_NONE },
	{ "g39", 1 * HOUR, 0, VERDICT_PAUSE },
	{ "m07", 0, 0, VERDICT_CREDENTIAL },
	{ "m10", 1 * MINUTE, 0, VERDICT_NONE },
	{ "m11", 1 * HOUR, 0, VERDICT_NONE },
	{ "m12", 24 * HOUR, 0, VERDICT_NONE },
	{ "m22", 6 * HOUR, 0, VERDICT_NONE },
	{ "p01", 3, 1 * MINUTE, VERDICT_NONE },
	{ "p02", 10 * MINUTE, 4 * HOUR, VERDICT_NONE },
	{ "p07", 3 * HOUR, 0, VERDICT_NONE },
	{ "p10", 4 * HOUR, 0, VERDICT_NONE },
	{ "p15", 0, 0, VERDICT_CONFIG },
};

static const struct fact *
fact_of(const char *id)
{
	for (int k = 0; k < ROWS(facts); k++)
		if (strcmp(facts[k].id, id) == 0)
			return &facts[k];
	ck_abort_msg("no row %s", id);
}

START_TEST(for_how_long)
{
	const struct fact *f = fact_of(more[_i].id);
	struct judged at = { .some_accepted = true, .with = WITH_PASSWORD };
	struct provider p;
	struct status st;
	struct reply r;
	struct buf why;

	at.when = (enum when)(f->when & -f->when);
	buf_init(&why, 65536);
	ck_assert_msg(provider_read(PROVIDERS, f->provider, &p, &why) == 0, "%s", buf_cstr(&why));
	reply_init(&r);
	say(&r, f->said, AS_IT_IS);
	rules_judge(&p.rules, &at, &r, &st);
	ck_assert_msg(st.pause_s == more[_i].pause_s, "%s: %d s", f->id, st.pause_s);
	ck_assert_msg(st.pause_max_s == more[_i].pause_max_s, "%s: up to %d s", f->id, st.pause_max_s);
	ck_assert_str_eq(verdict_name(st.then), verdict_name(more[_i].then));
	reply_done(&r);
	provider_done(&p);
	buf_done(&why);
}
END_TEST

Suite *suite_facts(void);

Suite *
suite_facts(void)
{
	Suite *s = suite_create("facts");
	TCase *tc = tcase_create("facts");

	tcase_add_loop_test(tc, every_one_is_here, 0, ROWS(kinds));
	tcase_add_loop_test(tc, fact, 0, ROWS(facts));
	tcase_add_loop_test(tc, for_how_long, 0, ROWS(more));
	suite_add_tcase(s, tc);
	return s;
}
