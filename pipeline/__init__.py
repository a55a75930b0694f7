"""Steps that join several services: import, train, compare, check drift; must not know Prefect or HTTP."""
