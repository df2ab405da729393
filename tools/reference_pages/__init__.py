"""One module per generated page of docs/reference: each has `TITLE` and `body()`, made from the code alone."""
