"""What it takes to run jiancha somewhere: images, configuration, and the embedded servers."""
