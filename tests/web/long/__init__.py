"""The long forms of the web client's proofs, by `make web-prove`: the tests keep a short form of each."""
