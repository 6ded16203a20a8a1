"""Who may write what: the rights in Kafka of services, operators and publishers, planned from what they declare, given and compared."""
