"""The core of Overread: values, rules, pictures, statistics, learning and storage; it must not know the web, flows or MLflow."""
