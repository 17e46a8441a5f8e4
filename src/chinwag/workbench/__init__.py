"""The program that looks at files of strangers and makes pictures of them: a process that the server starts and may
lose at any moment. It gets no environment, little memory and little time, and knows nothing of the server's."""
