package XML::XPath;

use 5.014;
use strict;
use warnings;

use Carp ();

use XML::XPath::Parser;
use XML::XPath::XMLParser;

our $VERSION = '1.48';

our ( $Namespaces, $ParseParamEnt, $SafeMode, $Debug ) = ( 1, 0, 0, 0 );

$Carp::Internal{ (__PACKAGE__) }++;

sub new {
    my ( $class, @args ) = @_;
    my %args;
    if ( @args == 1 && ref $args[0] ne 'HASH' ) {
        my ($source) = @args;
        if    ( ref $source || ref \$source eq 'GLOB' ) { $args{ioref} = $source }
        elsif ( $source =~ /<.*?>/s )                   { $args{xml}   = $source }
        elsif ( $source eq '-' )                        { $args{ioref} = \*STDIN }
        else                                            { $args{filename} = $source }
    }
    else { %args = @args == 1 ? %{ $args[0] } : @args }
    if ( defined $args{filename} && !-r $args{filename} ) { Carp::croak("Cannot open file '$args{filename}'") }
    return bless { ( map { ( $_ => $args{$_} ) } qw(filename parser xml ioref context) ), path_parser => XML::XPath::Parser->new },
      ref $class || $class;
}

for my $field (qw(filename parser xml ioref context)) {
    no strict 'refs';
    *{"get_$field"} = sub { return $_[0]{$field} };
    *{"set_$field"} = sub { my ( $self, $value ) = @_; $self->{$field} = $value; return };
}

for my $method (qw(set_namespace clear_namespaces get_namespace set_var get_var)) {
    no strict 'refs';
    *{$method} = sub { my ( $self, @args ) = @_; return $self->{path_parser}->$method(@args) };
}

# Where paths begin unless a node is named: the document, which is parsed when it is first needed.
sub _context {
    my ($self) = @_;
    return $self->{context} ||= XML::XPath::XMLParser->new( map { ( $_ => $self->{$_} ) } qw(filename xml ioref parser) )->parse;
}

# Runs a piece of work; what is wrong in it is told of the program's line.
sub _try {
    my ($work) = @_;
    my $result;
    return $result if eval { $result = $work->(); 1 };
    my $error = $@;
    die $error if ref $error || $error =~ / at \S+ line \d+\.?\n\z/;
    chomp $error;
    return Carp::croak($error);
}

sub find {
    my ( $self, $path, $context ) = @_;
    Carp::croak('No path to find') if !defined $path || !length $path;
    return _try(
        sub {
            my $node = defined $context ? $context : $self->_context;
            return $self->{path_parser}->parse("$path")->evaluate($node);
        }
    );
}

sub findnodes {
    my ( $self, $path, $context ) = @_;
    my $found = $self->find( $path, $context );
    $found = XML::XPath::NodeSet->new if !$found->isa('XML::XPath::NodeSet');
    return wantarray ? $found->get_nodelist : $found;
}

sub findvalue {
    my ( $self, $path, $context ) = @_;
    my $found = $self->find( $path, $context );
    return $found->isa('XML::XPath::NodeSet') ? $found->to_literal : $found;
}

sub findnodes_as_string {
    my ( $self, $path, $context ) = @_;
    my $found = $self->find( $path, $context );
    return join '', map { $_->toString } $found->get_nodelist if $found->isa('XML::XPath::NodeSet');
    return $found->string_value;
}

sub exists {
    my ( $self, $path, $context ) = @_;
    return $self->findnodes( defined $path ? $path : '/', $context )->size ? 1 : 0;
}

sub matches {
    my ( $self, $node, $path, $context ) = @_;
    for my $found ( $self->findnodes( $path, $context ) ) { return 1 if $found == $node }
    return;
}

sub getNodeText { my ( $self, $path ) = @_; return ref $path ? $path->string_value : $self->findvalue($path) }

sub getNodeAsXML {
    my ( $self, $path ) = @_;
    return $path->toString if ref $path;
    return $self->findnodes_as_string( defined $path ? $path : '/' );
}

# --- changing ---------------------------------------------------------------------------------------------------------

# A path's steps; none where it is no plain path.
sub _steps {
    my ( $self, $path ) = @_;
    my $tree = $self->{path_parser}->parse("$path")->{tree};
    return $tree->[0] eq 'path' && !ref $tree->[1] ? @{ $tree->[2] } : ();
}

sub setNodeText {
    my ( $self, $path, $text ) = @_;
    my @nodes = $self->findnodes($path);
    if ( !@nodes ) {
        my @steps = @{ _try( sub { return [ $self->_steps($path) ] } ) };
        my $last  = pop @steps or return;
        my $name  = _name_of($last);
        return if $last->{axis} ne 'attribute' || !defined $name;
        @nodes = $self->_context;
        @nodes = CPANBridge::Compat::XML::XPath::Evaluate::step( $self->{path_parser}, $_, @nodes ) for @steps;
        $_->setAttribute( $name, $text ) for @nodes;
        return 1;
    }
    for my $node (@nodes) {
        if ( !$node->isElementNode ) { $node->setNodeValue($text); next }
        $node->removeChild($_) for $node->getChildNodes;
        $node->appendChild( XML::XPath::Node::Text->new($text) );
    }
    return 1;
}

sub _name_of {
    my ($step) = @_;
    my ( $kind, $prefix, $local ) = @{ $step->{test} };
    return if $kind ne 'name' || $local eq '*';
    return defined $prefix ? "$prefix:$local" : $local;
}

# Makes what is missing of a path; several of a kind where the path counts.
sub createNode {
    my ( $self, $path ) = @_;
    my $parser = $self->{path_parser};
    my @steps  = @{ _try( sub { return [ $self->_steps($path) ] } ) };
    my $node   = $self->_context->getRootNode;
    while ( my $step = shift @steps ) {
        my @found = CPANBridge::Compat::XML::XPath::Evaluate::step( $parser, $step, $node );
        return if @found > 1;
        my $left = 1 + _count( $step->{predicates} );
        until ( @found || !$left-- ) {
            _append( $node, $step ) or return;
            @found = CPANBridge::Compat::XML::XPath::Evaluate::step( $parser, $step, $node );
        }
        $node = $found[0] or return;
    }
    return $node;
}

# How many nodes the predicates [N] and [position() = N] ask for.
sub _count {
    my ($predicates) = @_;
    my $most = 0;
    for my $predicate (@$predicates) {
        my ($count) = CPANBridge::Compat::XML::XPath::Grammar::as_string($predicate) =~ /\A(?:\(position\(\) = )?([0-9]{1,6})\)?\z/ or next;
        $most = $count if $count > $most;
    }
    return $most;
}

sub _append {
    my ( $node, $step ) = @_;
    my $name = _name_of($step);
    return if !defined $name || !$node->isElementNode;
    my ($prefix) = $name =~ /\A([^:]+):/;
    if    ( $step->{axis} eq 'attribute' ) { $node->setAttribute( $name, '' ) }
    elsif ( $step->{axis} eq 'child' )     { $node->appendChild( XML::XPath::Node::Element->new( $name, $prefix ) ) }
    else                                   { return }
    return 1;
}

sub cleanup {
    my ($self) = @_;
    $self->{path_parser}->cleanup;
    delete $self->{context} if $SafeMode;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::XPath - find and change what is in an XML document by XPath

=head1 SYNOPSIS

    use XML::XPath;

    my $xp = XML::XPath->new( filename => 'servers.xml' );
    for my $server ( $xp->findnodes('/config/server[@os = "linux"]') ) {
        print $server->getAttribute('name'), ': ', $server->findvalue('address[1]'), "\n";
    }
    $xp->setNodeText( '/config/@changed', scalar localtime );
    print $xp->getNodeAsXML;

=head1 DESCRIPTION

Takes the place of XML::XPath 1.48 where it is not installed. Expressions are read and evaluated in Perl; documents are parsed
through L<XML::Parser>, ours where that is missing too, which needs the daemon's module C<xml>.

=head1 WHAT IS COVERED

C<new> with C<filename>, C<xml>, C<ioref>, C<parser> and C<context>, or with one of a file's name, XML, or a handle; C<find>, C<findnodes>,
C<findvalue>, C<findnodes_as_string>, C<exists>, C<matches>, C<getNodeText>, C<setNodeText>, C<getNodeAsXML>, C<createNode>,
C<set_namespace>, C<clear_namespaces>, C<set_var>, C<get_var>, C<cleanup>, and methods to get and set what C<new> takes. All of XPath 1.0: thirteen
axes, all functions, variables, and functions of the program's own, see L<XML::XPath::Function>. The nodes:
L<XML::XPath::Node>. Paths may also lead through trees of other modules, such as XML::Twig::XPath's, whose nodes have the same methods and
C<node_cmp> or C<cmp>.

A prefix stands for the namespace that C<set_namespace> gave it; else it must be the one that the document uses. A name without a
prefix is that of nodes without a prefix.

=head1 WHAT IS NOT COVERED, AND DIFFERENCES

=over 4

=item *

External entities and DTDs are not read unless C<parser> is an L<XML::Parser> that reads them. C<$XML::XPath::ParseParamEnt> is not looked at.

=item *

Nodes are hashes; a parent lives as long as the L<XML::XPath> object or the root does. C<$XML::XPath::Namespaces> and C<$XML::XPath::Debug> are
not looked at; C<to_sax>, L<XML::XPath::Builder> and L<XML::XPath::PerlSAX> do not exist.

=item *

Comparisons such as C<< 1 < 2 < 3 >>, C<mod> of negative and broken numbers, C<//x> followed by a predicate that counts, and
C<processing-instruction()> are as in XPath's definition, where the original differs.

=item *

A set of nodes compares with C<eq>, C<lt>, C<==> and the like by its text or number; in the original each of these is true for
every set with text.

=item *

Expressions that make no sense die with other words than the original's, which name the program's line.

=back

=head1 ENVIRONMENT

As for L<CPANBridge>.

=cut
