"""A log of records that survives the processes that write it: a write-ahead file, then Parquet."""
