"""Networks: a graph of layers, and the tables of their parameters.

``graph``       layers with names, and what is connected to what
``table``       Learnables, State, Connections: tables as MATLAB prints them
``initialize``  sizes through the graph, first values
``run``         one call of forward or predict
``net``         the network itself
``edit``        layerGraph, addLayers, connectLayers, replaceLayer
``statistics``  fixed statistics of batch normalization
``update``      dlupdate
"""

from tinydl.network.net import dlnetwork

__all__ = ["dlnetwork"]
