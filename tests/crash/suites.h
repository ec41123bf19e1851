X(submit)
X(deliver)
X(queue)
