{%- macro holdout_cutoff() -%}2{%- endmacro -%}

{%- macro model_cutoffs() -%}0, {{ holdout_cutoff() }}{%- endmacro -%}

{%- macro z_of_95_percent() -%}1.959964{%- endmacro -%}

{%- macro z_of_80_percent_power() -%}({{ z_of_95_percent() }} + 0.841621){%- endmacro -%}
