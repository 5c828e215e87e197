"""The rules between values, a module for each matter. Each is a function that yields what it finds in one API."""
