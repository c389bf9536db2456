from sample_events import main

main()
