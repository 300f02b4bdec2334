"""`python -m tailorbird`: the command line."""

from tailorbird.cli import main

if __name__ == "__main__":
    main()
