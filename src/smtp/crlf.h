/*
 * crlf.h - the line end of the wire, for those who compose what goes there.
 * Nobody outside this folder spells it, so a grep finds who makes lines.
 */
#ifndef SMTP_CRLF_H
#define SMTP_CRLF_H

#define CRLF "\r\n"

#endif
