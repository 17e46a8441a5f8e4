"""The port that roles share: HTTP and sockets on one address, who asks, and how much one address may bring."""
