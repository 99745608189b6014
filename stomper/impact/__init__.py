"""Which tests a change of some files can reach: by what each test ran at the base commit, by imports, else all of them."""
