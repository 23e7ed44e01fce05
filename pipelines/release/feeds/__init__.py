"""Product feeds: everything a shop may bring, as rows of one kind. `pipelines.release.feeds.read` is the entrance."""
