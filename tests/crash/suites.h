X(submit)
X(deliver)
