"""Accurate DNN inference on approximate DRAM (EDEN, Koppula et al., MICRO 2019)."""
