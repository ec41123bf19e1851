X(submit)
