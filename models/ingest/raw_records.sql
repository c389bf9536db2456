{{ read_records() }}
