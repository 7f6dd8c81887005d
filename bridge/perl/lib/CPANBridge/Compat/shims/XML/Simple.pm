package XML::Simple;

use 5.014;
use strict;
use warnings;
use warnings::register;

use Carp ();
use Exporter ();
use File::Basename ();
use File::Spec ();
use Scalar::Util qw(blessed reftype);

our $VERSION   = '2.25';
our @ISA       = ('Exporter');
our @EXPORT    = qw(XMLin XMLout);
our @EXPORT_OK = qw(xml_in xml_out);

our $PREFERRED_PARSER;

$Carp::Internal{ (__PACKAGE__) }++;

my $DECLARATION = q(<?xml version='1.0' standalone='yes'?>);
my ( $XMLNS, $XML ) = ( 'http://www.w3.org/2000/xmlns/', 'http://www.w3.org/XML/1998/namespace' );
my @DEFAULT_KEYS = qw(name key id);

my %KNOWN = (
    in => { map { $_ => 1 } qw(
          cache contentkey datahandler forcearray forcecontent grouptags keeproot keyattr noattr normalisespace
          normalizespace nsexpand parseropts searchpath strictmode suppressempty valueattr varattr variables
    ) },
    out => { map { $_ => 1 } qw(
          attrindent contentkey grouptags handler keeproot keyattr noattr noescape noindent nosort nsexpand
          numericescape outputfile rootname strictmode suppressempty valueattr xmldecl
    ) },
);

# Packages that asked for strict mode.
my %strict;

# What the memory caches hold: file name => [when, data].
my %remembered;

sub import {
    my ( $class, @words ) = @_;
    my $package = caller;
    $strict{$package} = 1 if grep { $_ eq ':strict' } @words;
    @_ = ( $class, grep { $_ ne ':strict' } @words );
    goto &Exporter::import;
}

sub new {
    my ( $class, @options ) = @_;
    Carp::croak('Default options must be name=>value pairs (odd number supplied)') if @options % 2;
    my %given = @options;
    my %default;
    for my $name ( keys %given ) {
        my $plain = _plain($name);
        Carp::croak("Unrecognised option: $name") if !$KNOWN{in}{$plain} && !$KNOWN{out}{$plain};
        $default{$plain} = $given{$name};
    }
    return bless { def_opt => \%default }, ref $class || $class;
}

# Names of options are told apart by their letters only.
sub _plain { my $name = lc $_[0]; $name =~ tr/_//d; return $name }

# The object of a method call, or a new one for a function call.
sub _object {
    my ($args) = @_;
    return shift @$args if blessed( $args->[0] ) && $args->[0]->isa('XML::Simple');
    return XML::Simple->new;
}

sub XMLin  { my $self = _object( \@_ ); return $self->xml_in(@_) }
sub XMLout { my $self = _object( \@_ ); return $self->xml_out(@_) }

# --- reading ----------------------------------------------------------------------------------------------------------

sub xml_in {
    my $self = _object( \@_ );
    my ( $what, @options ) = @_;
    return $self->parse_file( undef, @options ) if !defined $what;
    if ( $what eq '-' ) { return $self->parse_fh( \*STDIN, @options ) }
    return $self->parse_fh( $what, @options ) if _is_handle($what);
    return $self->parse_string( $what, @options ) if $what =~ /<.*?>/s || ref $what eq 'SCALAR';
    return $self->parse_file( $what, @options );
}

sub _is_handle {
    my ($what) = @_;
    return 1 if ref \$what eq 'GLOB' || ref $what eq 'GLOB';
    return blessed($what) && ( $what->isa('IO::Handle') || $what->can('getline') );
}

sub parse_string {
    my $self = _object( \@_ );
    my ( $text, @options ) = @_;
    $self->handle_options( 'in', @options );
    return $self->build_simple_tree( undef, ref $text ? $text : \$text );
}

sub parse_fh {
    my $self = _object( \@_ );
    my ( $handle, @options ) = @_;
    $self->handle_options( 'in', @options );
    my $text = blessed($handle) ? join '', $handle->getlines : do { local $/; readline $handle };
    return $self->build_simple_tree( undef, \$text );
}

sub parse_file {
    my $self = _object( \@_ );
    my ( $name, @options ) = @_;
    $self->handle_options( 'in', @options );
    my $option = $self->{opt};
    $name = $self->default_config_file if !defined $name;
    my $file = $self->find_xml_file( $name, @{ $option->{searchpath} || [] } );
    my @schemes = @{ $option->{cache} || [] };
    for my $scheme (@schemes) {
        my $method = "cache_read_$scheme";
        my $data   = $self->$method($file);
        return $data if defined $data;
    }
    my $tree = $self->build_simple_tree( $file, undef );
    if (@schemes) {
        my $method = "cache_write_$schemes[0]";
        $self->$method( $tree, $file );
    }
    return $tree;
}

sub default_config_file {
    my ($self) = @_;
    my ( $base, $directory ) = File::Basename::fileparse( $0, qr/\.[^.]+/ );
    $self->{opt}{searchpath} ||= [$directory] if length $directory;
    return "$base.xml";
}

sub find_xml_file {
    my ( $self, $name, @path ) = @_;
    my ( $base, $directory ) = File::Basename::fileparse($name);
    if ( $base ne $name ) { return $name if -e $name }
    else {
        for my $folder (@path) {
            my $file = File::Spec->catfile( $folder, $name );
            return $file if -e $file;
        }
    }
    if ( !@path ) {
        return $name if -e $name;
        Carp::croak("File does not exist: $name");
    }
    Carp::croak( "Could not find $name in " . join ':', @path );
}

sub build_simple_tree {
    my ( $self, $file, $text ) = @_;
    my $tree = $self->build_tree( $file, $text );
    return $self->{opt}{keeproot} ? $self->collapse( {}, @$tree ) : $self->collapse( @{ $tree->[1] } );
}

# The document as XML::Parser's style Tree gives it.
sub build_tree {
    my ( $self, $file, $text ) = @_;
    my $preferred = defined $PREFERRED_PARSER ? $PREFERRED_PARSER : $ENV{XML_SIMPLE_PREFERRED_PARSER} || '';
    if ( length $preferred && $preferred ne 'XML::Parser' ) { return $self->_build_tree_sax( $preferred, $file, $text ) }
    return $self->build_tree_xml_parser( $file, $text ) if !$self->{opt}{nsexpand} || length $preferred;
    local $self->{opt}{nsexpand} = 0;
    return $self->_with_namespaces( {}, @{ $self->build_tree_xml_parser( $file, $text ) } );
}

# A tree whose names in a namespace are of the form {namespace}name.
sub _with_namespaces {
    my ( $self, $outer, @pairs ) = @_;
    my @expanded;
    while (@pairs) {
        my ( $name, $content ) = splice @pairs, 0, 2;
        if ( !ref $content ) { push @expanded, $name, $content; next }
        my ( $attributes, @inner ) = @$content;
        my %scope = %$outer;
        for my $key ( keys %$attributes ) { $scope{ $1 || '' } = $attributes->{$key} if $key =~ /\Axmlns(?::(.+))?\z/ }
        my %new;
        for my $key ( keys %$attributes ) {
            my ( $prefix, $local ) = $key =~ /\A([^:]+):(.+)\z/;
            my $space = !defined $prefix ? '' : $prefix eq 'xmlns' ? $XMLNS : $prefix eq 'xml' ? $XML : $scope{$prefix};
            $new{ defined $space && length $space ? "{$space}$local" : $key } = $attributes->{$key};
        }
        my ( $prefix, $local ) = $name =~ /\A(?:([^:]+):)?(.+)\z/;
        my $space = $scope{ defined $prefix ? $prefix : '' };
        push @expanded, ( defined $space && length $space ? "{$space}$local" : $name ),
          [ \%new, @{ $self->_with_namespaces( \%scope, @inner ) } ];
    }
    return \@expanded;
}

sub build_tree_xml_parser {
    my ( $self, $file, $text ) = @_;
    if ( $self->{opt}{nsexpand} && warnings::enabled() ) { Carp::carp(q('nsexpand' option requires XML::SAX)) }
    my $parser = $self->new_xml_parser;
    return $parser->parse($$text) if !defined $file;
    open my $in, '<', $file or Carp::croak("$file - $!");
    binmode $in;
    my $tree = $parser->parse($in);
    close $in;
    return $tree;
}

sub new_xml_parser {
    my ($self) = @_;
    require XML::Parser;
    my $more = $self->{opt}{parseropts};
    Carp::carp(q(Warning: 'ParserOpts' is deprecated, contact the author if you need it))
      if $more && warnings::enabled();
    my $parser = XML::Parser->new( Style => 'Tree', $more ? @$more : () );

    # An external entity is not read: its address stands for it.
    $parser->setHandlers( ExternEnt => sub { return $_[2] }, ExternEntFin => undef );
    return $parser;
}

sub _build_tree_sax {
    my ( $self, $preferred, $file, $text ) = @_;
    eval { local $SIG{__DIE__}; require XML::SAX; require XML::SAX::ParserFactory; 1 }
      or Carp::croak("XML::SAX is not installed, so the parser $preferred cannot be used: $@");
    no warnings 'once';
    local $XML::SAX::ParserPackage = $preferred;
    my $parser = XML::SAX::ParserFactory->parser( Handler => $self );
    $self->{nocollapse} = 1;
    my $tree = defined $file ? $parser->parse_uri($file) : $parser->parse_string($$text);
    delete $self->{nocollapse};
    return $tree;
}

# --- as a handler of SAX events ---------------------------------------------------------------------------------------

sub start_document {
    my ($self) = @_;
    $self->handle_options('in') if !$self->{opt};
    $self->{lists} = [];
    $self->{curlist} = $self->{tree} = [];
    return;
}

sub start_element {
    my ( $self, $element ) = @_;
    my %attributes;
    for my $attribute ( values %{ $element->{Attributes} || {} } ) {
        $attributes{ $self->_sax_name($attribute) } = $attribute->{Value};
    }
    my $list = [ \%attributes ];
    push @{ $self->{lists} },   $self->{curlist};
    push @{ $self->{curlist} }, $self->_sax_name($element), $list;
    $self->{curlist} = $list;
    return;
}

sub _sax_name {
    my ( $self, $thing ) = @_;
    return $thing->{Name} if !$self->{opt}{nsexpand} || !$thing->{NamespaceURI};
    return "{$thing->{NamespaceURI}}$thing->{LocalName}";
}

sub characters {
    my ( $self, $data ) = @_;
    my $list = $self->{curlist};
    if   ( @$list > 1 && $list->[-2] eq '0' ) { $list->[-1] .= $data->{Data} }
    else                                      { push @$list, 0, $data->{Data} }
    return;
}

sub end_element { my ($self) = @_; $self->{curlist} = pop @{ $self->{lists} }; return }

sub end_document {
    my ($self) = @_;
    my $tree = delete $self->{tree};
    delete @$self{qw(lists curlist)};
    return $tree if $self->{nocollapse};
    my $data = $self->{opt}{keeproot} ? $self->collapse( {}, @$tree ) : $self->collapse( @{ $tree->[1] } );
    my $handler = $self->{opt}{datahandler};
    return $handler ? $handler->( $self, $data ) : $data;
}

# --- options ----------------------------------------------------------------------------------------------------------

sub handle_options {
    my ( $self, $direction, @options ) = @_;
    Carp::croak('Options must be name=>value pairs (odd number supplied)') if @options % 2;
    my ( %option, %spelled );
    while (@options) {
        my ( $name, $value ) = splice @options, 0, 2;
        $option{ _plain($name) } = $value;
        $spelled{ _plain($name) } = $name;
    }
    for my $name ( sort keys %option ) {
        Carp::croak("Unrecognised option: $spelled{$name}") if !$KNOWN{$direction}{$name};
    }
    my $default = $self->{def_opt};
    for my $name ( sort keys %$default ) {
        $option{$name} = $default->{$name} if !exists $option{$name} && $KNOWN{$direction}{$name};
    }
    my $explicit = exists $option{keyattr};
    $self->{opt} = \%option;
    $self->{strict} = defined $option{strictmode} ? $option{strictmode} : _is_strict();
    $self->_check_strict($direction) if $self->{strict};

    $option{rootname} = 'opt' if !exists $option{rootname};
    $option{rootname} = '' if !defined $option{rootname} || $option{keeproot};
    if ( $option{xmldecl} && $option{xmldecl} eq '1' ) { $option{xmldecl} = $DECLARATION }
    $option{contentkey} = 'content' if !defined $option{contentkey} || !length $option{contentkey};
    $option{collapseagain} = $option{contentkey} =~ s/\A-//;
    if ( defined $option{normalizespace} ) { $option{normalisespace} = $option{normalizespace} }
    $option{normalisespace} ||= 0;
    $option{searchpath} = [ $option{searchpath} ] if defined $option{searchpath} && ref $option{searchpath} ne 'ARRAY';
    $self->_check_cache;
    $self->_take_keys($explicit);
    $self->_take_arrays;
    $self->_take_values;
    for my $name (qw(GroupTags Variables)) {
        my $value = $option{ lc $name };
        Carp::croak("Illegal value for '$name' option - expected a hashref") if defined $value && ref $value ne 'HASH';
        delete $option{ lc $name } if !defined $value;
    }
    if ( my $groups = $option{grouptags} ) {
        for my $name ( sort keys %$groups ) {
            Carp::croak("Bad value in GroupTags: '$name' => '$groups->{$name}'") if $name eq $groups->{$name};
        }
    }
    delete $self->{variables};
    if ( $option{variables} || defined $option{varattr} ) { $self->{variables} = { %{ $option{variables} || {} } } }
    return;
}

# Whether the nearest caller outside has asked for strict mode.
sub _is_strict {
    my $level = 1;
    while ( my $package = caller $level++ ) {
        next if $package eq __PACKAGE__;
        return $strict{$package} ? 1 : 0;
    }
    return 0;
}

sub _check_strict {
    my ( $self, $direction ) = @_;
    my $option   = $self->{opt};
    my $function = $direction eq 'in' ? 'XMLin' : 'XMLout';
    Carp::croak("No value specified for 'KeyAttr' option in call to $function()") if !exists $option->{keyattr};
    return if $direction ne 'in';
    Carp::croak("No value specified for 'ForceArray' option in call to $function()") if !exists $option->{forcearray};
    return if ref $option->{keyattr} ne 'HASH';
    my $arrays = $option->{forcearray};
    return if defined $arrays && !ref $arrays && $arrays;
    my @arrays = ref $arrays eq 'ARRAY' ? @$arrays : ref $arrays eq 'Regexp' ? $arrays : ();
    for my $element ( sort keys %{ $option->{keyattr} } ) {
        next if grep { ref eq 'Regexp' ? $element =~ $_ : $element eq $_ } @arrays;
        Carp::croak("<$element> set in KeyAttr but not in ForceArray");
    }
    return;
}

sub _check_cache {
    my ($self) = @_;
    my $option = $self->{opt};
    return if !$option->{cache};
    my @schemes = map { lc } ref $option->{cache} ? @{ $option->{cache} } : $option->{cache};
    for my $scheme (@schemes) {
        Carp::croak("Unsupported caching scheme: $scheme") if !$self->can("cache_read_$scheme");
    }
    $option->{cache} = \@schemes;
    return;
}

sub _take_keys {
    my ( $self, $explicit ) = @_;
    my $option = $self->{opt};
    my $keys   = $option->{keyattr};
    $self->{default_keys} = !$explicit;
    if    ( !$explicit )            { $keys = [@DEFAULT_KEYS] }
    elsif ( ref $keys eq 'HASH' ) {
        my %by;
        for my $element ( keys %$keys ) {
            my ( $mark, $key ) = $keys->{$element} =~ /\A([-+]?)(.*)\z/s;
            $by{$element} = [ $key, $mark ];
        }
        $keys = %by ? \%by : undef;
    }
    elsif ( ref $keys eq 'ARRAY' ) { $keys = @$keys ? [@$keys] : undef }
    elsif ( defined $keys )        { $keys = length $keys ? [$keys] : undef }
    $option->{keyattr} = $keys;
    return;
}

sub _take_arrays {
    my ($self) = @_;
    my $option = $self->{opt};
    my $arrays = $option->{forcearray};
    $arrays = [$arrays] if ref $arrays eq 'Regexp';
    if ( ref $arrays eq 'ARRAY' ) {
        my ( %name, @patterns );
        for my $item (@$arrays) {
            if   ( ref $item eq 'Regexp' ) { push @patterns, $item }
            else                           { $name{$item} = 1 }
        }
        $self->{is_array} = sub {
            my ($name) = @_;
            return 1 if $name{$name};
            for my $pattern (@patterns) { return 1 if $name =~ $pattern }
            return 0;
        };
    }
    else { $self->{is_array} = $arrays ? sub { return 1 } : sub { return 0 } }
    return;
}

sub _take_values {
    my ($self) = @_;
    my $option = $self->{opt};
    my $values = $option->{valueattr};
    delete @$self{qw(value_of value_names)};
    return if !defined $values;
    if    ( ref $values eq 'HASH' )  { $self->{value_of}    = $values }
    elsif ( ref $values eq 'ARRAY' ) { $self->{value_names} = { map { $_ => 1 } @$values } }
    else                             { $self->{value_names} = { $values => 1 } }
    return;
}

# --- from a tree to plain data ----------------------------------------------------------------------------------------

sub new_hashref { my ( $self, @pairs ) = @_; return {@pairs} }

# Turns one element into data: takes its attributes and the pairs of name and content that are in it.
sub collapse {
    my ( $self, $attributes, @content ) = @_;
    my $option = $self->{opt};
    my $data   = $self->new_hashref( $option->{noattr} ? () : %$attributes );
    for my $value ( values %$data ) {    # the hash's own
        $value = $self->normalise_space($value) if $option->{normalisespace} == 2;
        $value = $self->_expanded($value)       if $self->{variables};
    }
    if ( !@content && $self->{value_names} && keys %$data == 1 ) {
        my ( $name, $value ) = %$data;
        return $value if $self->{value_names}{$name};
    }
    while (@content) {
        my ( $name, $value ) = splice @content, 0, 2;
        if ( ref $value ) {
            $value = $self->collapse(@$value);
            next if !defined $value && $option->{suppressempty};
        }
        elsif ( $name eq '0' ) {
            next if $value !~ /\S/;
            $value = $self->normalise_space($value) if $option->{normalisespace} == 2;
            $value = $self->_expanded($value) if $self->{variables};
            if ( defined $option->{varattr} && exists $data->{ $option->{varattr} } ) {
                $self->{variables}{ $data->{ $option->{varattr} } } = $value;
            }
            return $option->{forcecontent} ? { $option->{contentkey} => $value } : $value if !%$data && !@content;
            $name = $option->{contentkey};
        }
        $self->_add( $data, $name, $value );
    }
    return $self->_folded($data);
}

# Puts the value of a nested element, or a piece of text, into its parent's data.
sub _add {
    my ( $self, $data, $name, $value ) = @_;
    if ( exists $data->{$name} ) {
        $data->{$name} = [ $data->{$name} ] if ref $data->{$name} ne 'ARRAY';
        push @{ $data->{$name} }, $value;
    }
    elsif ( ref $value eq 'ARRAY' || $name ne $self->{opt}{contentkey} && $self->{is_array}->($name) ) {
        $data->{$name} = [$value];
    }
    else { $data->{$name} = $value }
    return;
}

# The last steps, when all that is in an element is known.
sub _folded {
    my ( $self, $data ) = @_;
    my $option = $self->{opt};
    if ( $option->{keyattr} ) {
        for my $name ( keys %$data ) {
            $data->{$name} = $self->array_to_hash( $name, $data->{$name} ) if ref $data->{$name} eq 'ARRAY';
        }
    }
    if ( my $groups = $option->{grouptags} ) {
        for my $name ( grep { exists $groups->{$_} } keys %$data ) {
            my $group = $data->{$name};
            next if ref $group ne 'HASH' || keys %$group != 1 || !exists $group->{ $groups->{$name} };
            $data->{$name} = $group->{ $groups->{$name} };
        }
    }
    if ( my $values = $self->{value_of} ) {
        for my $name ( grep { exists $values->{$_} } keys %$data ) {
            my $value = $data->{$name};
            next if ref $value ne 'HASH' || keys %$value != 1 || !exists $value->{ $values->{$name} };
            $data->{$name} = $value->{ $values->{$name} };
        }
    }
    return $data->{anon} if keys %$data == 1 && ref $data->{anon} eq 'ARRAY';
    if ( !%$data && exists $option->{suppressempty} ) {
        my $empty = $option->{suppressempty};
        return defined $empty && $empty eq '' ? '' : undef;
    }
    return $data;
}

sub normalise_space {
    my ( $self, $text ) = @_;
    $text =~ s/\A\s+//;
    $text =~ s/\s+\z//;
    $text =~ s/\s+/ /g;
    return $text;
}

sub _expanded {
    my ( $self, $text ) = @_;
    my $variables = $self->{variables};
    $text =~ s/\$\{([\w.]+)\}/exists $variables->{$1} ? $variables->{$1} : "\${$1}"/ge;
    return $text;
}

# Turns an array of hashes into a hash, where each has a key; else returns the array as it is.
sub array_to_hash {
    my ( $self, $name, $array ) = @_;
    my $keys = $self->{opt}{keyattr};
    my $hash = $self->new_hashref;
    my $by   = ref $keys eq 'HASH' ? $keys->{$name} : undef;
    return $array if ref $keys eq 'HASH' && !$by;
    for my $item (@$array) {
        my ( $key, $mark ) = $by ? @$by : ( undef, '' );
        if ( ref $item eq 'HASH' && !$by ) { ($key) = grep { defined $item->{$_} } @$keys }
        if ( ref $item ne 'HASH' || !defined $key || !exists $item->{$key} ) {
            $self->_complain("<$name> element has no '$key' key attribute") if $by;
            return $array;
        }
        my $value = $item->{$key};
        if ( ref $value ) {
            $self->_complain("<$name> element has non-scalar '$key' key attribute") if !$self->{default_keys};
            return $array;
        }
        $value = $self->normalise_space($value) if $self->{opt}{normalisespace} == 1;
        $self->_complain("<$name> element has non-unique value in '$key' key attribute: $value") if exists $hash->{$value};
        my $copy = $self->new_hashref(%$item);
        $copy->{"-$key"} = $copy->{$key} if $mark eq '-';
        delete $copy->{$key} if $mark ne '+';
        $hash->{$value} = $copy;
    }
    return $self->{opt}{collapseagain} ? $self->collapse_content($hash) : $hash;
}

# Leaves out the key for content where nothing else is there.
sub collapse_content {
    my ( $self, $hash ) = @_;
    my $key = $self->{opt}{contentkey};
    for my $value ( values %$hash ) {
        return $hash if ref $value ne 'HASH' || keys %$value != 1 || !exists $value->{$key};
    }
    $hash->{$_} = $hash->{$_}{$key} for keys %$hash;
    return $hash;
}

sub _complain {
    my ( $self, $message ) = @_;
    Carp::croak($message) if $self->{strict};
    Carp::carp("Warning: $message") if warnings::enabled();
    return;
}

# --- caches -----------------------------------------------------------------------------------------------------------

sub storable_filename {
    my ( $self, $file ) = @_;
    $file =~ s/(?:\.xml)?\z/.stor/;
    return $file;
}

sub cache_write_storable {
    my ( $self, $data, $file ) = @_;
    require Storable;
    Storable::lock_nstore( $data, $self->storable_filename($file) );
    return;
}

sub cache_read_storable {
    my ( $self, $file ) = @_;
    my $cache = $self->storable_filename($file);
    return if !-r $cache || ( stat _ )[9] <= ( stat $file )[9];
    require Storable;
    return Storable::lock_retrieve($cache);
}

sub cache_write_memshare {
    my ( $self, $data, $file ) = @_;
    $remembered{memshare}{$file} = [ time, $data ];
    return;
}

sub cache_read_memshare {
    my ( $self, $file ) = @_;
    my $entry = $remembered{memshare}{$file} or return;
    return $entry->[0] > ( stat $file )[9] ? $entry->[1] : undef;
}

sub cache_write_memcopy {
    my ( $self, $data, $file ) = @_;
    require Storable;
    $remembered{memcopy}{$file} = [ time, Storable::dclone($data) ];
    return;
}

sub cache_read_memcopy {
    my ( $self, $file ) = @_;
    my $entry = $remembered{memcopy}{$file} or return;
    return $entry->[0] > ( stat $file )[9] ? Storable::dclone( $entry->[1] ) : undef;
}

# --- writing ----------------------------------------------------------------------------------------------------------

sub xml_out {
    my $self = _object( \@_ );
    Carp::croak('XMLout() requires at least one argument') if !@_;
    my ( $data, @options ) = @_;
    $self->handle_options( 'out', @options );
    my $option = $self->{opt};
    $self->{ancestors} = {};
    local @$self{qw(scope made)} = ( { xml => $XML }, 'aaa' );
    $data = { anon => $data } if ( reftype $data || '' ) eq 'ARRAY';
    my $xml = $self->value_to_xml( $data, $option->{rootname}, '' );
    $xml = "$option->{xmldecl}\n$xml" if $option->{xmldecl};
    my $out = $option->{outputfile};
    return $self->_to_handler($xml) if $option->{handler};
    return $xml if !defined $out;
    if ( _is_handle($out) || blessed($out) ) {
        my $done = ref $out && blessed($out) ? $out->print($xml) : print {$out} $xml;
        Carp::croak("Cannot write the XML: $!") if !$done;
        return $done;
    }
    open my $file, '>:encoding(UTF-8)', $out or Carp::croak("open($out): $!");
    print {$file} $xml or Carp::croak("Cannot write $out: $!");
    close $file or Carp::croak("close: $!");
    return 1;
}

sub _to_handler {
    my ( $self, $xml ) = @_;
    eval { local $SIG{__DIE__}; require XML::SAX; require XML::SAX::ParserFactory; 1 }
      or Carp::croak("XMLout() with the option Handler needs XML::SAX: $@");
    my $parser = XML::SAX::ParserFactory->parser( Handler => $self->{opt}{handler} );
    return $parser->parse_string($xml);
}

# The text for a value under a name. A name that is empty gives what is inside only.
sub value_to_xml {
    my ( $self, $value, $name, $indent ) = @_;
    my $option  = $self->{opt};
    my $named   = defined $name && length $name;
    my $newline = $option->{noindent} ? '' : "\n";
    if ( !ref $value ) {
        my $text = defined $value ? $value : '';
        $text = $self->escape_value($text) if !$option->{noescape} && $named;
        return $named ? "$indent<$name>$text</$name>$newline" : "$text$newline";
    }
    Carp::croak('circular data structures not supported') if $self->{ancestors}{ 0 + $value };
    local $self->{ancestors}{ 0 + $value } = 1;
    my $is_root = !length $indent && !$self->{nested};
    local $self->{nested} = $named;
    my $type = reftype $value;
    if ( $type eq 'HASH' && %$value && $option->{keyattr} && !$is_root ) {
        $value = $self->hash_to_array( $name, $value );
        $type  = reftype $value;
    }
    return $self->_hash_to_xml( $value, $name, $indent, $newline ) if $type eq 'HASH';
    return $self->_array_to_xml( $value, $name, $indent, $newline ) if $type eq 'ARRAY';
    Carp::croak( q(Can't encode a value of type: ) . ref $value );
}

sub _hash_to_xml {
    my ( $self, $value, $name, $indent, $newline ) = @_;
    my $option = $self->{opt};
    my $named  = defined $name && length $name;
    if ( my $groups = $option->{grouptags} ) {
        $value = $self->copy_hash($value);
        for my $key ( grep { exists $groups->{$_} } keys %$value ) {
            my $inner = $value->{$key};
            $inner = $self->hash_to_array( $groups->{$key}, $inner ) if ref $inner eq 'HASH' && $option->{keyattr};
            $value->{$key} = { $groups->{$key} => $inner };
        }
    }
    my ( @attributes, @nested, $text );
    local $self->{scope} = { %{ $self->{scope} } };
    if ( $option->{nsexpand} ) { ( $name, $value, @attributes ) = $self->_prefixed( $name, $value ) }
    my $inner = $option->{noindent} || !$named ? $indent : "$indent  ";
    for my $key ( $self->sorted_keys( $name, $value ) ) {
        next if $key =~ /\A-/;
        my $item = $value->{$key};
        if ( !defined $item ) {
            next if $option->{suppressempty};
            if ( !exists $option->{suppressempty} || defined $option->{suppressempty} ) {
                Carp::carp('Use of uninitialized value') if warnings::enabled();
            }
            if ( $key eq $option->{contentkey} ) { $text = ''; next }
            $item = exists $option->{suppressempty} ? {} : '';
        }
        if ( !ref $item && $self->{value_of} && $self->{value_of}{$key} ) { $item = { $self->{value_of}{$key} => $item } }
        if ( !ref $item && $key eq $option->{contentkey} && $named ) {
            $text = $option->{noescape} ? $item : $self->escape_value($item);
        }
        elsif ( ref $item || $option->{noattr} || !$named ) { push @nested, $self->value_to_xml( $item, $key, $inner ) }
        else {
            $item = $self->escape_attr($item) if !$option->{noescape};
            push @attributes, qq($key="$item");
        }
    }
    return join '', @nested if !$named;
    my $between = $option->{attrindent} ? "\n$indent  " . ' ' x length $name : ' ';
    my $xml = "$indent<$name";
    $xml .= ' ' . join $between, @attributes if @attributes;
    if ( !@nested && !defined $text ) {
        return $xml . ( %$value && @attributes ? " />$newline" : "></$name>$newline" );
    }
    $xml .= '>';
    if ( defined $text && length $text ) {
        $xml .= $text;
        $nested[0] =~ s/\A\s+// if @nested;
    }
    elsif (@nested) { $xml .= $newline }
    return $xml . ( @nested ? join( '', @nested ) . $indent : '' ) . "</$name>$newline";
}

sub _array_to_xml {
    my ( $self, $value, $name, $indent, $newline ) = @_;
    my $option = $self->{opt};
    my $inner  = $option->{noindent} ? $indent : "$indent  ";
    my $xml    = '';
    for my $item (@$value) {
        if ( !defined $item ) {
            next if $option->{suppressempty};
            $xml .= "$indent<$name></$name>$newline";
        }
        elsif ( !ref $item ) {
            my $text = $option->{noescape} ? $item : $self->escape_value($item);
            $xml .= "$indent<$name>$text</$name>$newline";
        }
        elsif ( reftype $item eq 'HASH' ) {
            Carp::croak('circular data structures not supported') if $self->{ancestors}{ 0 + $item };
            local $self->{ancestors}{ 0 + $item } = 1;
            $xml .= $self->_hash_to_xml( $item, $name, $indent, $newline );
        }
        else { $xml .= "$indent<$name>$newline" . $self->value_to_xml( $item, 'anon', $inner ) . "$indent</$name>$newline" }
    }
    return $xml;
}

sub sorted_keys {
    my ( $self, $name, $value ) = @_;
    return keys %$value if $self->{opt}{nosort};
    my $keys = $self->{opt}{keyattr};
    my @first =
        ref $keys eq 'HASH'  ? map { $_->[0] } grep { $_ } $keys->{$name}
      : ref $keys eq 'ARRAY' ? @$keys
      :                        ();
    my ($first) = grep { exists $value->{$_} } @first;
    my @keys = sort keys %$value;
    return @keys if !defined $first;
    return ( $first, grep { $_ ne $first } @keys );
}

sub escape_value {
    my ( $self, $text ) = @_;
    return '' if !defined $text;
    $text =~ s/&/&amp;/g;
    $text =~ s/</&lt;/g;
    $text =~ s/>/&gt;/g;
    $text =~ s/"/&quot;/g;
    my $level = $self->{opt}{numericescape};
    return $level ? $self->numeric_escape( $text, $level ) : $text;
}

sub escape_attr { my ( $self, $text ) = @_; return $self->escape_value($text) }

sub numeric_escape {
    my ( $self, $text, $level ) = @_;
    if   ( ( $level || $self->{opt}{numericescape} || 0 ) eq '2' ) { $text =~ s/([^\x00-\x7f])/'&#' . ord($1) . ';'/ge }
    else                                                           { $text =~ s/([^\x00-\xff])/'&#' . ord($1) . ';'/ge }
    return $text;
}

# Turns a hash of hashes into an array of hashes that hold their keys; else returns the hash as it is.
sub hash_to_array {
    my ( $self, $name, $hash ) = @_;
    my $keys = $self->{opt}{keyattr};
    my $key = ref $keys eq 'HASH' ? ( $keys->{$name} || [] )->[0] : ref $keys eq 'ARRAY' ? $keys->[0] : undef;
    return $hash if !defined $key;
    my @items;
    for my $each ( $self->{opt}{nosort} ? keys %$hash : sort keys %$hash ) {
        my $value = $hash->{$each};
        return $hash if !ref $value || reftype $value ne 'HASH';
        push @items, $self->copy_hash( $value, $key => $each );
    }
    return \@items;
}

sub copy_hash { my ( $self, $hash, @more ) = @_; return { %$hash, @more } }

# A name and keys of the form {namespace}name with prefixes instead, and the declarations that these need.
sub _prefixed {
    my ( $self, $name, $value ) = @_;
    my $scope = $self->{scope};
    my ( %copy, @declared );
    my $declare = sub {
        my ( $prefix, $space ) = @_;
        $scope->{$prefix} = $space;
        push @declared, ( length $prefix ? "xmlns:$prefix" : 'xmlns' ) . '="' . $self->escape_attr($space) . '"';
    };
    my $is_declaration = qr/\A(?:\{\Q$XMLNS\E\}(.+)|xmlns)\z/;
    for my $key ( grep { !ref $value->{$_} } sort keys %$value ) {
        $declare->( defined $1 ? $1 : '', $value->{$key} ) if $key =~ $is_declaration;
    }
    my $prefixed = sub {
        my ( $full, $is_element ) = @_;
        my ( $space, $local ) = $full =~ /\A\{([^}]*)\}(.*)\z/s or return $full;
        return $local if $is_element && defined $scope->{''} && $scope->{''} eq $space;
        my ($prefix) = sort grep { length && $scope->{$_} eq $space } keys %$scope;
        if ( !defined $prefix ) {
            $self->{made}++ while exists $scope->{ $self->{made} };
            $declare->( $prefix = $self->{made}, $space );
        }
        return "$prefix:$local";
    };
    $name = $prefixed->( $name, 1 );
    for my $key ( sort keys %$value ) {
        next if !ref $value->{$key} && $key =~ $is_declaration;
        $copy{ $prefixed->( $key, ref $value->{$key} ) } = $value->{$key};
    }
    return ( $name, \%copy, @declared );
}

1;

__END__

=encoding utf8

=head1 NAME

XML::Simple - XML files as plain data

=head1 SYNOPSIS

    use XML::Simple qw(:strict);

    my $config = XMLin( 'config.xml', KeyAttr => { server => 'name' }, ForceArray => ['server'] );
    print XMLout( $config, KeyAttr => { server => 'name' }, RootName => 'config' );

=head1 DESCRIPTION

Takes the place of XML::Simple 2.25 where it is not installed. Documents are parsed through L<XML::Parser>, ours where that is
missing too, which needs the daemon's module C<xml>. Writing XML and reading from a cache need no daemon.

=head1 WHAT IS COVERED

C<XMLin>, C<XMLout>, C<xml_in>, C<xml_out>, the methods C<parse_file>, C<parse_string> and C<parse_fh>, all documented options,
strict mode, the three caches and caches of one's own, the hooks for subclasses, and the object as a handler of SAX events.
External entities are not read: the text of such an entity is its address.

=head1 WHAT IS NOT COVERED, AND DIFFERENCES

=over 4

=item *

XML::Parser is used by default even where XML::SAX is installed. C<$XML::Simple::PREFERRED_PARSER> and
C<XML_SIMPLE_PREFERRED_PARSER> choose a SAX parser, which must then be there.

=item *

C<NSExpand> needs neither XML::SAX nor XML::NamespaceSupport; with XML::Parser named as the preferred parser it is refused with a
warning, as ever.

=item *

C<XMLout> with the option C<Handler> needs XML::SAX.

=back

=head1 ENVIRONMENT

C<XML_SIMPLE_PREFERRED_PARSER>, and what L<CPANBridge> has.

=cut
