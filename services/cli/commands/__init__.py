"""The commands of `medaid`, one module each: arguments, files and what is printed; the work is done elsewhere."""
