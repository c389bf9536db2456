{#-
    Cutoff 0 is now. The last horizon begins at this one, and what is measured on that horizon is
    fitted as of it.
-#}
{%- macro holdout_cutoff() -%}2{%- endmacro -%}

{#-
    What networks are fitted as of: now, and the hold-out. `MODEL_CUTOFFS` is the same for Python.
-#}
{%- macro model_cutoffs() -%}0, {{ holdout_cutoff() }}{%- endmacro -%}

{#-
    How far a normal distribution's 95% interval reaches, in standard errors: everybody's interval
    is this wide.
-#}
{%- macro z_of_95_percent() -%}1.959964{%- endmacro -%}

{#-
    What an effect must reach, in standard errors, to be shown by a 95% interval in 80% of cases.
-#}
{%- macro z_of_80_percent_power() -%}({{ z_of_95_percent() }} + 0.841621){%- endmacro -%}
