"""The outbox: emails are written in a transaction, sent after its commit, and kept until they are sent."""
