"""The landing as a transaction on the user's checkout: all of it, or nothing that could be seen afterwards."""
