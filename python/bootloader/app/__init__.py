"""The app: reads the serving copy, and only filters, sorts and limits what the warehouse holds."""
