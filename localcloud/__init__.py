"""The local AWS: runs the same Pulumi program on an emulator, with real PostgreSQL and Valkey."""
