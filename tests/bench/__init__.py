"""The benchmark: the engine worker beside bare loops with the same work, on real Apache Kafka."""
