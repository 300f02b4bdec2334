"""Data sets in the forms that others use: Methods2Test's JSON, Parquet, Hugging Face `datasets`."""
