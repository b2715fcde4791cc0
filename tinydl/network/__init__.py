"""Networks: a graph of layers, and the tables of their parameters.

``graph``       layers with names, and what is connected to what
``table``       Learnables, State, Connections: tables as MATLAB prints them
``paths``       names of parameters in networks that hold networks
``initialize``  sizes through the graph, first values
``net``         the network itself
``call``        forward, predict, initialize
``defaults``    labels for plain arrays that enter, and plain arrays that leave
``run``         the layers one after the other
``edit``        layerGraph, addLayers, connectLayers, replaceLayer, addInputLayer
``nested``      networkLayer, expandLayers
``factors``     factors of the learning rate and of L2 regularization; freezeNetwork
``statistics``  fixed statistics of batch normalization; resetState
``population``  statistics of a whole data set
``moments``     mean and variance of data that comes in parts
``merge``       one State out of those of several forwards
``history``     whether State has followed the training, and the warning if not
``trust``       how far State is from the statistics of data
``fold``        batch normalization folded into the layer before it
``update``      dlupdate
``solver_state``  lbfgsState
``describe``    summary
``analyze``     analyzeNetwork: sizes, and what does not fit
``compare``     whether two networks are equal
``display``     what is printed, and shown in a notebook
"""

from tinydl.network.net import dlnetwork

__all__ = ["dlnetwork"]
