"""What goes over the network: frames, codec, errors. Nothing here acts."""
