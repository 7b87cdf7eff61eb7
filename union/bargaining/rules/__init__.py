"""What decides at the table. Pure: values in, values out."""
