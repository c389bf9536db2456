-- The reader gives no text for a line that is not JSON: the few files that have one are read again.
-- A file that is still being written may say something else by then.
{{
    config(
        materialized=made_as('incremental'),
        incremental_strategy='append',
        pre_hook="{{ delete_rows('source_file', 'select source_file from '
            ~ withdrawn_since(['malformed_lines'])) }}",
        post_hook='{{ include_batches() }}'
    )
}}

with

files_with_malformed_lines as (
    select
        source_file,
        count(*) as line_count
    from {{ ref('judged_records') }}
    where
        rejection_reason is not null
        and raw_event is null
        and batch > {{ included_by(['malformed_lines']) if is_incremental() else 0 }}
    group by source_file
),

malformed_lines as (
    select
        {{ unnest_malformed_lines('files.source_file', 'files.line_count') }} as raw_event,
        files.source_file
    from files_with_malformed_lines as files
)

select * from malformed_lines
