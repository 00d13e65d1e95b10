"""The package's version, without reading its metadata: a no-op run must stay quick."""

VERSION = "0.2.0"
