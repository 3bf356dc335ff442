"""What crosses a boundary: contracts and reference data. No Kafka, no Faust, no clock."""
