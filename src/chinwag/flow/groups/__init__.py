"""Groups that people can find: the listing of open ones, and links by which one joins."""
