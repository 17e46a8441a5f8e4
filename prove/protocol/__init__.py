"""The protocol as a client speaks it, for all that drives a server: tests, storms and power cuts.

Whatever carries them, a device says client frames and hears server frames: on a socket as they are (`socket`), over
HTTP as requests (`requests`) and as pages or a stream (`hearing`). A new frame is one line, in `requests`.
"""
