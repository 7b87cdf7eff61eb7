"""What decides about an action. Pure: values in, values out; no Flask, no database, no clock."""
