"""The core: values, rules, pictures, statistics, learning, storage; must not know web, flows or MLflow."""
