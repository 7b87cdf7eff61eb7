"""What decides in organizing work. Pure: values in, values out."""
