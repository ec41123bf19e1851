X(submit)
X(deliver)
X(queue)
X(actions)
