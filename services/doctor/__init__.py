"""Whether a site is fit to run: servers, rights, topics, memory, clocks, policies and secrets looked at, each told in a line. Nothing is written anywhere."""
