"""Bases by name: which there are, how one is fetched and converted, and how every stage opens one."""
