"""Does a candidate compile, run, pass, and cover? Each is judged by running it beside the project's own code."""
