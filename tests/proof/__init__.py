"""`make proof`: the long oracle, and the engine's tests tested by mutation."""
