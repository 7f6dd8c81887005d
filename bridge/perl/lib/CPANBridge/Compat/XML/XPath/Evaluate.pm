package CPANBridge::Compat::XML::XPath::Evaluate;

# Values of XPath expressions. What a parser object knows goes along: variables, namespaces, and where among how many
# nodes an expression stands. XML::XPath::Parser loads the classes of values and nodes.
use 5.014;
use strict;
use warnings;
no warnings 'recursion';

use POSIX ();
use Scalar::Util ();

use CPANBridge::Compat::XML::XPath::Foreign;
use CPANBridge::Compat::XML::XPath::Grammar;

our $VERSION = '0.1.0';

# By kind of expression, with the parser, the node and what the expression is made of.
my %VALUES = (
    literal  => sub { return XML::XPath::Literal->_of( $_[2] ) },
    number   => sub { return XML::XPath::Number->new( $_[2] ) },
    variable => \&_variable,
    call     => sub {
        my ( $parser, $node, $name, $arguments ) = @_;
        return XML::XPath::Function::_call( $parser, $name, $node, map { value( $parser, $node, $_ ) } @$arguments );
    },
    or  => sub { my ( $parser, $node, $left, $right ) = @_; return _boolean( _is_true( $parser, $node, $left ) || _is_true( $parser, $node, $right ) ) },
    and => sub { my ( $parser, $node, $left, $right ) = @_; return _boolean( _is_true( $parser, $node, $left ) && _is_true( $parser, $node, $right ) ) },
    ( map { my $sign = $_; ( $sign => sub { my ( $parser, $node, @of ) = @_; return _boolean( _compare( $sign, map { value( $parser, $node, $_ ) } @of ) ) } ) }
          ( '=', '!=', '<', '<=', '>', '>=' ) ),
    ( map { my $sign = $_; ( $sign => sub { my ( $parser, $node, @of ) = @_; return _calculate( $sign, map { _perl( value( $parser, $node, $_ ) ) } @of ) } ) }
          ( '+', '-', '*', 'div', 'mod' ) ),
    neg    => sub { my ( $parser, $node, $of ) = @_; return XML::XPath::Number->new( -_perl( value( $parser, $node, $of ) ) ) },
    '|'    => sub { my ( $parser, $node, @of ) = @_; return _set( XML::XPath::Node::_in_order( map { _nodes( $parser, $node, $_ ) } @of ) ) },
    filter => sub {
        my ( $parser, $node, $of, $predicates ) = @_;
        return _set( _filtered( $parser, $predicates, _nodes( $parser, $node, $of ) ) );
    },
    path => \&_path,
);

sub value {
    my ( $parser, $node, $tree ) = @_;
    my ( $kind, @of ) = @$tree;
    return $VALUES{$kind}->( $parser, $node, @of );
}

sub _boolean { return $_[0] ? XML::XPath::Boolean->True : XML::XPath::Boolean->False }
sub _set { return XML::XPath::NodeSet->new(@_) }

sub _is_true { my ( $parser, $node, $tree ) = @_; return value( $parser, $node, $tree )->to_boolean->value }

sub _perl { return XML::XPath::Function::_perl( $_[0] ) }

sub _nodes {
    my ( $parser, $node, $tree ) = @_;
    my $value = value( $parser, $node, $tree );
    return $value->get_nodelist if $value->isa('XML::XPath::NodeSet');
    die "XPath: nodes are wanted, but this is none: " . CPANBridge::Compat::XML::XPath::Grammar::as_string($tree) . "\n";
}

sub _variable {
    my ( $parser, $node, $name ) = @_;
    my $value = $parser->get_var($name);
    die "XPath: there is no variable called $name\n" if !defined $value;
    return Scalar::Util::blessed($value) ? $value : XML::XPath::Literal->_of($value);
}

# --- operators --------------------------------------------------------------------------------------------------------

my %NUMBERS = (
    '='  => sub { return $_[0] == $_[1] },
    '!=' => sub { return $_[0] != $_[1] },
    '<'  => sub { return $_[0] < $_[1] },
    '<=' => sub { return $_[0] <= $_[1] },
    '>'  => sub { return $_[0] > $_[1] },
    '>=' => sub { return $_[0] >= $_[1] },
);
my %TEXTS = ( '=' => sub { return $_[0] eq $_[1] }, '!=' => sub { return $_[0] ne $_[1] } );

# A set of nodes stands for any one of them.
sub _compare {
    my ( $sign, $left, $right ) = @_;
    my @sets = map { $_->isa('XML::XPath::NodeSet') } $left, $right;
    my @is   = ( $left, $right );
    if ( $sets[0] || $sets[1] ) {
        return _compare( $sign, map { $_->to_boolean } @is ) if grep { $_->isa('XML::XPath::Boolean') } @is;
        my @left  = $sets[0] ? map { XML::XPath::Literal->_of( $_->string_value ) } @$left  : $left;
        my @right = $sets[1] ? map { XML::XPath::Literal->_of( $_->string_value ) } @$right : $right;
        for my $one (@left) {
            for my $other (@right) { return 1 if _compare( $sign, $one, $other ) }
        }
        return 0;
    }
    my $texts = $TEXTS{$sign};
    if ($texts) {
        if ( grep { $_->isa('XML::XPath::Boolean') } @is ) { @is = map { $_->to_boolean->value } @is }
        elsif ( !grep { $_->isa('XML::XPath::Number') } @is ) { return $texts->( map { $_->string_value } @is ) }
    }
    return $NUMBERS{$sign}->( map { ref $_ ? _perl($_) : $_ } @is );
}

sub _calculate {
    my ( $sign, $left, $right ) = @_;
    if ( $sign eq 'div' && $right == 0 ) {
        return XML::XPath::Literal->_of( $left == 0 || $left != $left ? 'NaN' : $left < 0 ? '-Infinity' : 'Infinity' );
    }
    if ( $sign eq 'mod' ) {
        return XML::XPath::Literal->_of('NaN') if $right == 0;
        return XML::XPath::Number->new( POSIX::fmod( $left, $right ) );
    }
    return XML::XPath::Number->new(
          $sign eq '+' ? $left + $right
        : $sign eq '-' ? $left - $right
        : $sign eq '*' ? $left * $right
        :                $left / $right
    );
}

# --- paths ------------------------------------------------------------------------------------------------------------

sub _path {
    my ( $parser, $node, $start, $steps ) = @_;
    my @nodes =
        $start eq 'root'    ? $node->getRootNode
      : $start eq 'context' ? $node
      :                       _nodes( $parser, $node, $start );
    for my $step (@$steps) { @nodes = step( $parser, $step, @nodes ) }
    return _set(@nodes);
}

my %IS_REVERSE = map { $_ => 1 } qw(ancestor ancestor-or-self preceding preceding-sibling);

# The nodes that a step leads to, in the order of the document.
sub step {
    my ( $parser, $step, @from ) = @_;
    my ( $axis, $test, @found );
    if ( @from && CPANBridge::Compat::XML::XPath::Foreign::is_foreign( $from[0] ) ) {
        $axis = CPANBridge::Compat::XML::XPath::Foreign::axis( $step->{axis} );
        $test = CPANBridge::Compat::XML::XPath::Foreign::test( $parser, @$step{qw(axis test)} );
    }
    else {
        ( my $name = $step->{axis} ) =~ tr/-/_/;
        $axis = __PACKAGE__->can("_axis_$name");
        $test = _test( $parser, @$step{qw(axis test)} );
    }
    for my $node (@from) {
        my @nodes = grep { $test->($_) } $axis->($node);
        @nodes = _filtered( $parser, $step->{predicates}, @nodes ) if @{ $step->{predicates} };
        @nodes = reverse @nodes if $IS_REVERSE{ $step->{axis} };
        push @found, @nodes;
    }
    return @from > 1 && $step->{axis} ne 'self' ? XML::XPath::Node::_in_order(@found) : @found;
}

sub _filtered {
    my ( $parser, $predicates, @nodes ) = @_;
    for my $predicate (@$predicates) {
        local $parser->{size} = @nodes;
        local $parser->{position} = 0;
        my @kept;
        for my $node (@nodes) {
            $parser->{position}++;
            my $value = value( $parser, $node, $predicate );
            push @kept, $node if $value->isa('XML::XPath::Number') ? $value->_number == $parser->{position} : $value->to_boolean->value;
        }
        @nodes = @kept;
    }
    return @nodes;
}

my %KINDS = ( text => 'isTextNode', comment => 'isCommentNode', 'processing-instruction' => 'isPINode' );

# A sub that says whether a node passes the test of a step.
sub _test {
    my ( $parser, $axis, $test ) = @_;
    my ( $kind, $prefix, $local ) = @$test;
    if ( $kind eq 'node' ) { return sub { return 1 } }
    if ( $kind ne 'name' ) {
        my $is = $KINDS{$kind};
        return sub { return $_[0]->$is && ( !defined $prefix || $_[0]->getName eq $prefix ) };
    }
    # What only the kind of node that the axis is about has: its name.
    my $field = $axis eq 'attribute' ? 'key' : $axis eq 'namespace' ? 'expanded' : 'name';
    if ( !defined $prefix ) {
        return sub { return defined $_[0]{$field} }
          if $local eq '*';
        $field = 'prefix' if $axis eq 'namespace';
        return sub { return defined $_[0]{$field} && $_[0]{$field} eq $local };
    }
    my $any = $local eq '*';
    my $uri = $parser->get_namespace($prefix);
    return sub {
        my ($node) = @_;
        return 0 if !defined $node->{$field};
        return 0 if !$any && $node->getLocalName ne $local;
        return $node->getPrefix eq $prefix if !defined $uri;
        my $namespace = $node->getNamespace;
        return $namespace && $namespace->getExpanded eq $uri;
    };
}

sub _axis_self   { return $_[0] }
sub _axis_parent { my $parent = $_[0]->getParentNode; return $parent ? $parent : () }
sub _axis_child  { return $_[0]->getChildNodes }

# Declarations of namespaces are those of the element itself, as in the original.
sub _axis_namespace { return $_[0]->getNamespaces }
sub _axis_attribute { return $_[0]->getAttributes }

sub _axis_ancestor {
    my ($node) = @_;
    my @found;
    while ( $node = $node->getParentNode ) { push @found, $node }
    return @found;
}
sub _axis_ancestor_or_self { return ( $_[0], _axis_ancestor( $_[0] ) ) }

sub _axis_descendant {
    my ($node) = @_;
    my @found;
    my @todo = reverse $node->getChildNodes;
    while ( my $next = pop @todo ) {
        push @found, $next;
        push @todo, reverse @{ $next->{children} } if $next->{children};
    }
    return @found;
}
sub _axis_descendant_or_self { return ( $_[0], _axis_descendant( $_[0] ) ) }

# Attributes and declarations of namespaces have no siblings.
sub _is_aside { return !$_[0]->getParentNode || $_[0]->isAttributeNode || $_[0]->isNamespaceNode }

sub _axis_following_sibling {
    my ($node) = @_;
    return if _is_aside($node);
    my $siblings = $node->getParentNode->getChildNodes;
    return @$siblings[ $node->get_pos + 1 .. $#$siblings ];
}

sub _axis_preceding_sibling {
    my ($node) = @_;
    return if _is_aside($node);
    my $siblings = $node->getParentNode->getChildNodes;
    return reverse @$siblings[ 0 .. $node->get_pos - 1 ];
}

sub _axis_following {
    my ($node) = @_;
    my @found;
    if ( $node->getParentNode && _is_aside($node) ) { $node = $node->getParentNode; push @found, _axis_descendant($node) }
    for ( ; $node ; $node = $node->getParentNode ) { push @found, map { _axis_descendant_or_self($_) } _axis_following_sibling($node) }
    return @found;
}

sub _axis_preceding {
    my ($node) = @_;
    my @found;
    $node = $node->getParentNode if $node->getParentNode && _is_aside($node);
    for ( ; $node ; $node = $node->getParentNode ) {
        push @found, map { reverse _axis_descendant_or_self($_) } _axis_preceding_sibling($node);
    }
    return @found;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::XML::XPath::Evaluate - values of XPath expressions

=head1 DESCRIPTION

Used by our L<XML::XPath>; programs have no need of it.

=head1 FUNCTIONS

=head2 value

    my $value = value( $parser, $node, $tree );

The value of an expression that L<CPANBridge::Compat::XML::XPath::Grammar> has read, at a node: an L<XML::XPath::NodeSet>,
L<XML::XPath::Literal>, L<XML::XPath::Number> or L<XML::XPath::Boolean>.

=head2 step

    my @nodes = step( $parser, $step, @from );

The nodes that one step of a path leads to.

=cut
