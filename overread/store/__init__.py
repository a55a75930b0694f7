"""The only place that knows the database and the objects; must not know HTTP, flows, MLflow or any rule."""
