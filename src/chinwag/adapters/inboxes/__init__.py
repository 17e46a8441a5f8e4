"""The Inbox as streams and rows: postings go into the stream of an inbox partition, whose worker numbers them for each
account and makes rows of them."""
