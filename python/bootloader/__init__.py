"""What BootLoader's dbt project, its Python models and its app share."""
