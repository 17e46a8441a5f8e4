"""How RocksDB is set up, and why."""

from rocksdict import BlockBasedIndexType, BlockBasedOptions, Cache, DBCompressionType, Options

_MIB = 1 << 20


def options(cache_bytes: int) -> Options:
    """The options for a store whose cache of blocks, indexes and filters takes up to `cache_bytes`."""
    chosen = Options(raw_mode=True)
    chosen.create_if_missing(True)
    chosen.set_block_based_table_factory(_tables(cache_bytes))
    chosen.set_compression_type(DBCompressionType.lz4())
    # Most of history is cold: the last level trades time for room.
    chosen.set_bottommost_compression_type(DBCompressionType.zstd())
    chosen.set_level_compaction_dynamic_level_bytes(True)
    chosen.set_write_buffer_size(64 * _MIB)
    chosen.set_max_write_buffer_number(3)
    # What a start has to replay at most.
    chosen.set_max_total_wal_size(256 * _MIB)
    # A send key that does not exist is looked up for every send: ask the memtable's filter before its list.
    chosen.set_memtable_prefix_bloom_ratio(0.02)
    chosen.set_memtable_whole_key_filtering(True)
    chosen.set_bytes_per_sync(_MIB)
    chosen.set_max_background_jobs(2)
    chosen.set_max_open_files(1000)
    chosen.set_keep_log_file_num(2)
    chosen.set_max_log_file_size(8 * _MIB)
    return chosen


def _tables(cache_bytes: int) -> BlockBasedOptions:
    tables = BlockBasedOptions()
    tables.set_block_cache(Cache(cache_bytes))
    tables.set_block_size(8 << 10)
    tables.set_format_version(5)
    tables.set_bloom_filter(10, False)
    # Indexes and filters grow with history: in pieces and in the cache, so that memory stays bounded.
    tables.set_index_type(BlockBasedIndexType.two_level_index_search())
    tables.set_partition_filters(True)
    tables.set_cache_index_and_filter_blocks(True)
    tables.set_pin_l0_filter_and_index_blocks_in_cache(True)
    tables.set_pin_top_level_index_and_filter(True)
    return tables
