"""Small changes to the package, one at a time: does a test fail? See README.md."""
