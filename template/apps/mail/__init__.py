"""Mail: written in the transaction that causes it, sent after the commit, kept until it is sent."""
