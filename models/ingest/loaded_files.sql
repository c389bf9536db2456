-- Built after validated_records: a file whose records are not all there is read again.
with

loaded_files as (
    select
        source_file,
        file_state,
        count(*) as records
    from {{ ref('validated_records') }}
    group by source_file, file_state
)

select * from loaded_files
